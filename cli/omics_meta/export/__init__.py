"""Exports rows of the table to files that other programs read.

`writers` knows the formats, `replace` how a file comes to be whole, and `command` joins them.
"""
