"""What read sets, rows and times are: pure, no AWS calls."""
