"""A page about the read sets of tables, for people who type no commands."""
