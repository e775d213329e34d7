"""Which stack, table, stores and credentials a command works with."""
