"""What each command does, one module or package for each."""
