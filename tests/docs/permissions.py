"""The permissions that docs/security.md says the callers of `omics-meta` need."""

import re

from tests.docs.pages import Page

PAGE = Page("docs/security.md")


def permissions(*lines: str) -> set[str]:
    """The actions in lines of the table, such as `verify --repair`, with those of the statements that they name."""
    table = {label.replace("`", ""): needs for label, needs in PAGE.table_under("The caller of omics-meta")}
    statements = {row[0]: row[1] for row in PAGE.table_under("The function's role")}
    told = [table[line] for line in lines]
    told += [actions for name, actions in statements.items() if any(f"`{name}`" in needs for needs in told)]
    return {action for needs in told for action in re.findall(r"\b[a-z0-9]+:[A-Z]\w+", needs)}
