"""What each command does, one module or package for each.

Where the work cannot be done at all, they raise CommandError or SetupError, or let AWS's own errors pass: ClientError
and BotoCoreError. `terminal.group` makes one line and exit code 2 of each.
"""
