"""Whole sequence stores: backfill, verification and reconciliation."""
