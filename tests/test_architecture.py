"""The packages import each other in the allowed directions only, and no more than they need."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "omics_components": ROOT / "components",
    "readset_sync": ROOT / "handler",
    "omics_meta": ROOT / "cli",
    "omics_sandbox": ROOT / "sandbox",
}
ALLOWED = {
    "omics_components": {"readset_sync"},
    "readset_sync": set[str](),
    "omics_meta": {"readset_sync"},
    "omics_sandbox": set[str](),
}
THIRD_PARTY = {
    "omics_components": {"pulumi", "pulumi_aws", "pydantic"},
    "readset_sync": {"aws_lambda_powertools", "boto3", "botocore"},
    "omics_meta": {"boto3", "botocore", "pyarrow", "rich", "typer"},
}
"""What a package may import of others' at run time; the sandbox may use all that it declares."""


def imported(path: Path) -> Iterator[str]:
    """Top-level modules that a file imports when it runs, wherever in it: not those for the type checker alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and isinstance(guard.test, ast.Name) and guard.test.id == "TYPE_CHECKING"
        for statement in guard.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def modules_imported(package: str) -> set[str]:
    files = list((FOLDERS[package] / package).rglob("*.py"))
    assert files
    return {module for path in files for module in imported(path)}


@pytest.mark.parametrize("package", FOLDERS)
def test_packages_import_each_other_as_allowed(package: str):
    others = FOLDERS.keys() - {package}

    assert modules_imported(package) & others == ALLOWED[package]


@pytest.mark.parametrize("package", THIRD_PARTY)
def test_packages_import_nothing_else(package: str):
    ours = FOLDERS.keys() | {"tools", "tests"}

    assert modules_imported(package) - ours - sys.stdlib_module_names == THIRD_PARTY[package]


def test_the_component_imports_the_constants_of_the_core_alone():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FOLDERS["omics_components"].rglob("*.py")]
    names = [
        name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    ]

    assert {name for name in names if name and name.startswith("readset_sync")} == {"readset_sync.constants"}


def test_the_program_imports_the_component_alone():
    assert set(imported(ROOT / "__main__.py")) == {"omics_components"}


def modules_after(code: str) -> set[str]:
    """Modules in memory after a fresh process has run the code."""
    report = "import json, sys\nprint('\\n' + json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def loaded_after(code: str) -> set[str]:
    """Top-level modules in memory after a fresh process has run the code."""
    return {name.partition(".")[0] for name in modules_after(code)}


def test_help_needs_none_of_what_takes_long_to_load_and_no_more_of_rich_than_typer():
    commands = (
        "--help",
        "--version",
        "backfill --help",
        "verify --help",
        "find --help",
        "export --help",
        "dlq show --help",
    )
    end = "except SystemExit as end:\n  assert end.code == 0"
    code = "".join(f"try:\n  app({command.split()})\n{end}\n" for command in commands)
    bare = (
        "import typer\napp = typer.Typer()\n"
        "@app.callback()\ndef main(): '…'\n@app.command()\ndef command(): pass\n"
        f"try:\n  app(['--help'])\n{end}"
    )

    def of_rich(modules: set[str]) -> set[str]:
        return {name for name in modules if name.partition(".")[0] == "rich"}

    ours = modules_after(f"from omics_meta.app import app\n{code}")
    assert ours.isdisjoint({"boto3", "botocore", "pulumi", "pulumi_aws", "pyarrow", "readset_sync"})
    assert of_rich(ours) <= of_rich(modules_after(bare))
    assert "rich.console" not in modules_after("import omics_meta.commands.find")


def test_shell_completion_loads_typer_alone():
    code = (
        "import os\n"
        "os.environ.update(_OMICS_META_COMPLETE='complete_bash', COMP_WORDS='omics-meta ba', COMP_CWORD='1')\n"
        "from omics_meta.app import app\n"
        "try:\n  app(prog_name='omics-meta')\nexcept SystemExit as end:\n  assert end.code == 0"
    )

    assert loaded_after(code).isdisjoint({"boto3", "botocore", "pulumi", "pulumi_aws", "readset_sync", "rich"})


def test_the_command_line_never_loads_pulumi_nor_pyarrow_before_it_writes_a_file_of_it():
    code = (
        "import omics_meta.commands.backfill.command, omics_meta.commands.dlq, omics_meta.terminal.errors, "
        "omics_meta.commands.export, omics_meta.commands.find, omics_meta.commands.verify"
    )

    assert loaded_after(code).isdisjoint({"pulumi", "pulumi_aws", "omics_components", "omics_sandbox", "pyarrow"})
