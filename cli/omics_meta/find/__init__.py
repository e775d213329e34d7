"""Finds rows of the table.

The pure core is `criteria`, which decides about a row, `hints`, which doubts what is asked for, and `plan`, which
decides how to read; `reader` reads, `columns` says what of a row is shown, and `printing` shows it. `command` and
`duplicates` join them.
"""
