"""How rows are found in the table, and which of their columns are shown."""
