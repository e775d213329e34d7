"""The SDKs that Pulumi's generators make of the package: used by a second stack, and compiled."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from omics_meta.selection.outputs import NAMES
from omics_sandbox import Sandbox

from tests.docs.pages import Page

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "typescript"
NAME = "healthomics-metadata-sync"
PYTHON_SDK = "pulumi_healthomics_metadata_sync"
PROGRAM = f"""
import pulumi
import {PYTHON_SDK} as healthomics

config = pulumi.Config()
sync = healthomics.MetadataSync(
    "reused",
    function_memory_size=config.require_int("memory"),
    batch_size=config.require_int("batch"),
    tags={{"team": "genomics"}},
)
pulumi.export("tableName", sync.table_name)
pulumi.export("functionName", sync.function_name)
pulumi.export("undelivered", sync.undelivered_queue_url)
"""

# The fixtures of conftest.py, which tests cannot import.
Generate = Callable[[str, Path], None]
Projects = Callable[..., Any]


@pytest.fixture
def second_stack(generate_sdk: Generate, sdk_imports: Path, new_project: Projects, tmp_path: Path) -> Any:
    """A stack whose program knows of the component only what the generated SDK says."""
    folder = tmp_path / "second"
    generate_sdk("python", folder)
    # The SDK asks for its own version as installed. Installing it would take a build tool from the network.
    metadata = folder / f"{PYTHON_SDK}-0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {PYTHON_SDK}\nVersion: 0.0.1\n")
    (folder / "Pulumi.yaml").write_text(
        "name: second\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    (folder / "__main__.py").write_text(PROGRAM)
    return new_project(folder, PYTHONPATH=str(sdk_imports))


def test_a_second_stack_uses_the_python_sdk(second_stack: Any, schema: str, sandbox: Sandbox) -> None:
    # GIVEN the package, THEN the engine gets its schema, of which it writes but kinds and descriptions as they are
    declared = json.loads(schema)["resources"]
    [(token, received)] = json.loads(second_stack.pulumi("package", "get-schema", NAME))["resources"].items()
    assert received["isComponent"]
    for kind in ("inputProperties", "properties"):
        found, expected = (
            {name: (each["type"], each["description"]) for name, each in component[kind].items()}
            for component in (received, declared[token])
        )
        assert found == expected

    # GIVEN wrong arguments, THEN a preview names them all, without a traceback of the component's code
    second_stack.configure(memory="64", batch="11")
    refused = second_stack.pulumi("preview", fails=True)
    assert "property function_memory_size has a problem: 64.0 is not accepted: give a whole number from 128" in refused
    assert "property batch_size has a problem: 11.0 is not accepted: give a whole number from 1 to 10." in refused
    assert "omics_components" not in refused

    # WHEN they are right, THEN the stack comes up, and a read set gets its row
    second_stack.configure(memory="512", batch="3")
    second_stack.update()
    outputs = second_stack.outputs()
    function = sandbox.client("lambda").get_function(FunctionName=outputs["functionName"])
    assert function["Configuration"]["MemorySize"] == 512
    assert function["Tags"] == {"team": "genomics"}
    store = sandbox.omics.create_store("cohort")
    sandbox.omics.create_read_set(store, name="blood", tags={"cohort": "a"})
    sandbox.drain()
    [row] = sandbox.client("dynamodb").scan(TableName=outputs["tableName"])["Items"]
    assert row["set_name"] == {"S": "blood"}

    # AND nothing is left to do
    second_stack.pulumi("preview", "--expect-no-changes")

    # WHEN it is destroyed, THEN the table is left with its row, and nothing else is
    second_stack.destroy()
    assert sandbox.client("dynamodb").scan(TableName=outputs["tableName"])["Count"] == 1
    assert sandbox.client("lambda").list_functions()["Functions"] == []
    assert sandbox.client("sqs").list_queues().get("QueueUrls", []) == []


@pytest.fixture
def typescript_project(generate_sdk: Generate, node_modules: Path, tmp_path: Path) -> Path:
    """The TypeScript example with the generated SDK linked into it, as `pulumi install` does it."""
    folder = tmp_path / "typescript"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "sdks", "bin"))
    sdk = folder / "sdks" / NAME
    generate_sdk("nodejs", sdk)
    installed = folder / "node_modules"
    (installed / "@pulumi").mkdir(parents=True)
    for package in [*node_modules.iterdir(), *(node_modules / "@pulumi").iterdir()]:
        link = installed / package.relative_to(node_modules)
        if not link.exists():
            link.symlink_to(package)
    (installed / "@pulumi" / "healthomics-metadata-sync").symlink_to(sdk)
    return folder


def compile_typescript(folder: Path) -> str:
    """Run the compiler on the project in a folder, and return what it complains of."""
    compiler = next(each / "node_modules" for each in (folder, *folder.parents) if (each / "node_modules").is_dir())
    done = subprocess.run(
        ["node", compiler / "typescript" / "bin" / "tsc", "--project", folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode == 0) == (not done.stdout), done.stdout + done.stderr
    return done.stdout


def test_the_typescript_sdk_and_the_example_compile(typescript_project: Path) -> None:
    # GIVEN the example with one argument of a wrong type, so that the types are seen to be those of the SDK
    program = typescript_project / "index.ts"
    [exported] = re.findall(r"^export const \{(.*?)\}", program.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\w+", exported) == [*NAMES, "tableStreamArn"]
    wrong = program.read_text().replace("functionMemorySize: 512", 'functionMemorySize: "512"')
    program.write_text(f'import "./page";\n{wrong}')
    [page] = Page("docs/_index.md").blocks("typescript")
    (typescript_project / "page.ts").write_text(page)

    assert compile_typescript(typescript_project / "sdks" / "healthomics-metadata-sync") == ""

    [complaint] = compile_typescript(typescript_project).splitlines()
    assert "Type 'string' is not assignable to type 'number'" in complaint


def test_the_package_installs_this_repository() -> None:
    # GIVEN what `pulumi package add` reads after it has fetched the repository
    plugin = yaml.safe_load((ROOT / "components" / "PulumiPlugin.yaml").read_text())
    requirements = (ROOT / "components" / "requirements.txt").read_text().splitlines()

    # THEN it is of the schema's name, and runs in an environment of its own, in which deploying works
    assert plugin["name"] == NAME
    assert plugin["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
    assert [line for line in requirements if line[:1] != "#"] == ["..[deploy]"]
    assert (ROOT / "pyproject.toml").is_file()


def test_the_lock_of_the_typescript_example_names_no_registry() -> None:
    lock = (EXAMPLE / "package-lock.json").read_text()

    assert '"integrity"' in lock
    assert '"resolved"' not in lock
