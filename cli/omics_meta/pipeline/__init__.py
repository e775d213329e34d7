"""Checks a deployed pipeline part by part, from the stack's outputs alone, whatever was created or adopted."""
