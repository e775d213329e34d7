"""Exports rows of the table to files that other programs read.

`writers` knows the formats, and `command` joins them with what reads rows.
"""
