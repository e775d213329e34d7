"""What is printed and how a command ends: formats, progress, errors, exit codes."""
