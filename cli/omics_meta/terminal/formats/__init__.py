"""The formats that rows are written in. A format is a member of `Format`, and a writer in `registry`."""
