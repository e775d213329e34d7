"""`make demo`: the whole product at work on a local AWS, each step shown and checked.

Ends with exit code 1 and the reason as soon as something that it shows is not so.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer
from omics_sandbox import Sandbox
from omics_sandbox.provider import deploy
from omics_sandbox.provider.engine import EngineMissingError, engine_environment, find_engine

ROOT: Final = Path(__file__).resolve().parent.parent
READ_SETS: Final = 20
"""Read sets in each of the two stores."""

_deserialize: Final = TypeDeserializer().deserialize


class DemoError(Exception):
    """Something that the demo shows is not so."""


class Demo:
    """One run on one sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._outputs_file = folder / "outputs.json"
        self._omics = sandbox.client("omics")
        self._outputs: dict[str, Any] = {}
        self._exome = ""
        self._genome = ""

    def run(self) -> None:
        """Run all steps."""
        step("A local AWS with two sequence stores, filled before anything is deployed")
        self._seed()
        step("Deploy the pipeline: rule -> FIFO queue -> function -> table")
        self._deploy()
        step(f"Backfill the {READ_SETS} read sets of one store, at HealthOmics' 5 calls a second")
        self._backfill()
        step("Live events: archive, activate, delete and create read sets, and let the rows follow")
        self._change()
        step("Find read sets by tag: one DynamoDB request, instead of a HealthOmics call for each read set")
        self._find_by_tag()
        step("Re-tag a read set: its row follows the event of that, and if the event is lost, verify finds it")
        self._retag()
        step("Lose events, and let the nightly reconciliation find out: also that a whole store never had rows")
        self._reconcile()
        step("Find read sets by the name of their reference, of which they themselves say an ARN only")
        self._find_by_reference()
        step("Verify: every row against its source, and the deployed pipeline itself, with a message through it")
        self._omics_meta("verify", "--probe")

    def _seed(self) -> None:
        omics = self._sandbox.omics
        self._exome = omics.create_store("exomes-2026")
        self._genome = omics.create_store("genomes-2026", s3_access=False)
        reference = omics.create_reference("GRCh38")
        for number in range(READ_SETS):
            archived = number % 10 == 9
            omics.create_read_set(
                self._exome,
                name=f"NA{12878 + number} exome",
                subject_id=f"NA{12878 + number}",
                sample_id=f"NA{12878 + number}-blood",
                status="ARCHIVED" if archived else "ACTIVE",
                tags={"project": "rare-disease" if number % 3 else "oncology", "batch": str(number // 10)},
            )
            omics.create_read_set(
                self._genome,
                name=f"HG{2 + number:05} genome",
                file_type="CRAM",
                files=("source1", "index"),
                reference_arn=reference,
                subject_id=f"HG{2 + number:05}",
                tags={"project": "pangenome"},
            )
        show(f"stores {self._exome} and {self._genome} with {READ_SETS} read sets each, at {self._sandbox.endpoint}")

    def _deploy(self) -> None:
        try:
            engine = find_engine(ROOT / ".engine")
        except EngineMissingError as missing:
            show(f"without the Pulumi engine ({missing}):")
            show("Pulumi's Python runtime runs the program, and its resources are created in the local AWS")
            self._outputs = deploy(ROOT, stack="dev", environment=self._sandbox.environment).outputs
        else:
            show(f"with the Pulumi engine of {engine}")
            self._outputs = self._pulumi_up(engine)
        self._outputs_file.write_text(json.dumps(self._outputs))
        show(f"table {self._outputs['tableName']}, queue {self._outputs['queueName']},")
        show(f"function {self._outputs['functionName']}")

    def _pulumi_up(self, engine: Path) -> dict[str, Any]:
        """Deploy a copy of the project, because Pulumi writes a stack's settings beside its program."""
        project = self._folder / "project"
        project.mkdir()
        for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
            shutil.copy(ROOT / name, project)
        (project / ".venv").symlink_to(sys.prefix)
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = engine_environment(engine, self._folder / "home", surroundings | self._sandbox.environment)

        def pulumi(*arguments: str) -> str:
            show(f"$ pulumi {' '.join(arguments)}")
            done = subprocess.run(  # noqa: S603 - no shell, and nothing from outside
                [engine / "pulumi", *arguments, "--non-interactive"],
                cwd=project,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise DemoError(f"pulumi {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
            return done.stdout

        pulumi("stack", "init", "dev")
        pulumi("up", "--yes", "--skip-preview")
        return json.loads(pulumi("stack", "output", "--json"))

    def _backfill(self) -> None:
        done = self._begin("backfill", "-s", self._exome)
        while len(self._rows(self._exome)) < READ_SETS and done.poll() is None:
            time.sleep(0.1)
        show("all rows are there, from the listing and with their tags, and they are searched while the rest is read")
        self._find_by_tag()
        self._end(done)
        self._expect_rows(self._exome, READ_SETS)
        expect(all("sync_state" not in row for row in self._rows(self._exome)), "all of them are complete")

    def _change(self) -> None:
        active = [row["set_id"] for row in self._rows(self._exome) if row["set_status"] == "ACTIVE"]
        archived = [row["set_id"] for row in self._rows(self._exome) if row["set_status"] == "ARCHIVED"]
        to_archive, to_delete = active[:3], active[3:5]
        for read_set_id in to_archive:
            self._sandbox.omics.set_status(self._exome, read_set_id, "ARCHIVED")
        self._omics.start_read_set_activation_job(
            sequenceStoreId=self._exome, sources=[{"readSetId": read_set_id} for read_set_id in archived]
        )
        self._omics.batch_delete_read_set(sequenceStoreId=self._exome, ids=to_delete)
        created = [
            self._sandbox.omics.create_read_set(self._exome, name=f"new {n}", tags={"project": "oncology"})
            for n in range(2)
        ]
        self._sandbox.drain(timeout=60)
        rows = {row["set_id"]: row for row in self._rows(self._exome)}
        expect(all(rows[each]["set_status"] == "ARCHIVED" for each in to_archive), "archived rows say so")
        expect(all(rows[each].get("files") for each in to_archive), "archived rows keep their files")
        expect(all(rows[each]["set_status"] == "ACTIVE" for each in archived), "activated rows say so")
        expect(all(rows[each].get("files") for each in archived), "activated rows have files that no archive shows")
        expect(not set(to_delete) & set(rows), "deleted read sets have no row")
        expect(set(created) <= set(rows), "new read sets have one")
        show(f"{len(to_archive)} archived, {len(archived)} activated, {len(to_delete)} deleted, {len(created)} created")

    def _find_by_tag(self) -> None:
        columns = "set_id,set_name,set_status,tag:project"
        found = self._omics_meta("find", "--tag", "project=oncology", "--columns", columns)
        source = self._sandbox.omics.store(self._exome).read_sets
        tagged = {each.id for each in source.values() if each.tags.get("project") == "oncology"}
        expect({each for each in source if each in found} == tagged, f"these are all {len(tagged)} of them")

    def _find_by_reference(self) -> None:
        found = self._omics_meta("find", "--reference", "GRCh38", "--columns", "set_id,set_type,set_reference_name")
        source = self._sandbox.omics.store(self._genome).read_sets
        expect(all(each in found for each in source), f"these are all {len(source)} genomes")

    def _retag(self) -> None:
        arn = self._rows(self._exome)[0]["set_arn"]

        def expect_tag(value: str) -> None:
            [row] = [each for each in self._rows(self._exome) if each["set_arn"] == arn]
            expect({"reviewed": value} in row["tags"], "the row has the new tag")

        self._omics.tag_resource(resourceArn=arn, tags={"reviewed": "yes"})
        self._sandbox.drain()
        expect_tag("yes")
        self._sandbox.omics.tag_events = False
        self._omics.tag_resource(resourceArn=arn, tags={"reviewed": "twice"})
        self._omics_meta("verify", "-s", self._exome, exit_code=1)
        self._omics_meta("backfill", "-s", self._exome)
        expect_tag("twice")

    def _reconcile(self) -> None:
        omics = self._sandbox.omics
        active = [row["set_id"] for row in self._rows(self._exome) if row["set_status"] == "ACTIVE"]
        archived, deleted = active[:2]
        omics.emit_events = False
        omics.set_status(self._exome, archived, "ARCHIVED")
        omics.set_status(self._exome, deleted, "DELETED")
        created = omics.create_read_set(self._exome, name="created in silence")
        omics.emit_events = True
        self._omics_meta("verify", "-s", self._exome, exit_code=1)
        [schedule] = self._sandbox.client("scheduler").list_schedules()["Schedules"]
        show(f"the time of schedule {schedule['Name']} has come")
        expect(self._sandbox.run_schedule(schedule["Name"]) == "delivered", "the schedule asks for a reconciliation")
        self._sandbox.drain(timeout=120)
        rows = {row["set_id"]: row for row in self._rows(self._exome)}
        expect(rows[archived]["set_status"] == "ARCHIVED", "the read set that was archived in silence says so")
        expect(deleted not in rows, "the one that was deleted in silence has no row")
        expect(created in rows, "the one that was created in silence has one")
        self._expect_rows(self._genome, READ_SETS)

    def _omics_meta(self, command: str, *arguments: str, exit_code: int = 0) -> str:
        """Run the real command line."""
        return self._end(self._begin(command, *arguments), exit_code)

    def _begin(self, command: str, *arguments: str) -> "subprocess.Popen[str]":
        """Begin a command, as a process of its own, with nothing but the environment to find AWS by."""
        call = [command, "--outputs", str(self._outputs_file), *arguments]
        show(f"$ omics-meta {' '.join(call)}")
        environment = {"PATH": str(Path(sys.executable).parent), "COLUMNS": "100", **self._sandbox.environment}
        return subprocess.Popen(  # noqa: S603 - the project's own command
            [Path(sys.executable).parent / "omics-meta", *call], env=environment, stdout=subprocess.PIPE, text=True
        )

    def _end(self, process: "subprocess.Popen[str]", exit_code: int = 0) -> str:
        out, _ = process.communicate()
        print(out, end="", flush=True)
        expect(process.returncode == exit_code, f"exit code {process.returncode}")
        return out

    def _rows(self, store_id: str) -> list[dict[str, Any]]:
        pages = self._sandbox.client("dynamodb").get_paginator("scan").paginate(TableName=self._outputs["tableName"])
        rows = [{name: _deserialize(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        return [row for row in rows if row["store"]["store_id"] == store_id]

    def _expect_rows(self, store_id: str, count: int) -> None:
        expect(len(self._rows(store_id)) == count, f"the table has {count} rows of store {store_id}")


def step(title: str) -> None:
    """Announce a step."""
    print(f"\n== {title}", flush=True)


def show(line: str) -> None:
    """Show a line of a step."""
    print(f"   {line}", flush=True)


def expect(held: bool, statement: str) -> None:
    """Show a statement that has been checked."""
    if not held:
        raise DemoError(f"this should be so, and is not: {statement}")
    show(f"ok: {statement}")


def main() -> int:
    """Run the demo; return the exit code."""
    started = time.monotonic()
    try:
        # Whatever waits to be tried again, as a reconciliation does for events, waits a second.
        with Sandbox(retry_delay=1) as sandbox, tempfile.TemporaryDirectory() as folder:
            Demo(sandbox, Path(folder)).run()
    except DemoError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    print(f"""
All of it held, in {time.monotonic() - started:.0f} seconds. Try next:

  make sandbox                     the same local AWS, to play with from another terminal
  .venv/bin/omics-meta --help      the command line that you have just seen
  pulumi up                        your own AWS account: README, "Deploy it", has the steps
""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
