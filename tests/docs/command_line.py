"""The commands of `omics-meta`, and the options of each."""

from tools.reference import commands

COMMANDS = {
    path.removeprefix("omics-meta").lstrip(): {name for option in options for name in option.opts if name[0] == "-"}
    for path, _, options in commands()
}
"""Options by the words that follow `omics-meta`, such as `dlq list`; by none, those of `omics-meta` itself."""
