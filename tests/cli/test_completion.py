"""What a shell completes after the name of an option; names of options and commands are Typer's own."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from omics_meta.search import completion
from omics_meta.search.columns import COLUMNS

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine


def completed(cli: CommandLine, *words: str) -> list[str]:
    """What is offered for the last word, and nothing else is said."""
    shell = {
        "_OMICS_META_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["omics-meta", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = cli.run(env=shell)
    assert (done.code, done.err) == (0, "")
    return done.out.split()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands of the processes that would look into a table; the shell does not wait for them."""
    begun: list[list[str]] = []

    def popen(command: list[str], **_: Any) -> None:
        begun.append(command)

    monkeypatch.setattr(completion, "subprocess", SimpleNamespace(Popen=popen, DEVNULL=None))
    return begun


def test_what_is_known_without_a_table_is_offered(cli: CommandLine) -> None:
    assert completed(cli, "st") == ["status"]
    assert {"--stack", "--seq-store-id"} <= {*completed(cli, "verify", "--s")}
    assert completed(cli, "find", "--status", "ACTIV") == ["ACTIVATING", "ACTIVE"]
    assert completed(cli, "count", "--not-status", "ARCH") == ["ARCHIVED"]
    assert completed(cli, "export", "--type", "''") == ["BAM", "CRAM", "FASTQ", "UBAM"]
    assert completed(cli, "get", "--columns", "set_id,store_ar") == ["set_id,store_arn"]
    assert completed(cli, "count", "--by", "set_id,store_ar") == ["set_id,store_arn"]
    assert completed(cli, "get", "--sheet", "nf") == ["nf-core/rnaseq", "nf-core/sarek"]
    assert completed(cli, "find", "--columns", "omics_uri_i") == ["omics_uri_index"]
    assert completed(cli, "count", "--by", "set_id,stat") == [
        "set_id,status",
        "set_id,status_at",
        "set_id,status_message",
    ]
    assert completed(cli, "find", "--columns", "patient=subj") == ["patient=subject_id"]
    assert completed(cli, "find", "--columns", "who=sample_id|set_na") == ["who=sample_id|set_name"]
    assert completed(cli, "find", "--sort", "store_ar") == ["store_arn"]
    assert completed(cli, "find", "--sort", "-store_ar") == ["-store_arn"]
    assert completed(cli, "find", "--sort", "store_arn", "--exp") == ["--explain"]
    assert completed(cli, "export", "--parameter", "reads=omics_uri_i") == ["reads=omics_uri_index"]
    assert completed(cli, "get", "--sheet", "my") == []
    assert {column.name for column in COLUMNS} <= {*completed(cli, "find", "--columns", "''")}


def test_stores_and_tag_keys_come_from_the_table_and_are_kept(
    aws: Aws, cli: CommandLine, looks: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = aws.store(name="Kohorte Süd")
    aws.omics.create_read_set(store, name="one", tags={"cohort": "a", "panel": "p", "my key": "a"})
    of_table = ("-t", aws.filled(store), "-r", aws.sandbox.region)

    # GIVEN nothing is known, THEN nothing is offered, and one process looks, however often somebody asks
    assert completed(cli, "find", *of_table, "--store", "''") == []
    assert completed(cli, "find", *of_table, "--tag", "''") == []
    [look] = looks

    # WHEN it has looked, THEN what it found is offered, and what has blanks is one word in bash
    subprocess.run(look, env=cli.environment, check=True)
    assert " ".join(completed(cli, "find", *of_table, "--store", "''")) == rf"{store} Kohorte\ Süd"
    assert " ".join(completed(cli, "find", *of_table, "--tag", "my")) == r"my\ key"
    assert completed(cli, "get", *of_table, "--columns", "set_id,tag:p") == ["set_id,tag:panel"]
    assert completed(cli, "find", *of_table, "--no-tag", "x") == []
    assert len(looks) == 1

    # WHEN that is old, THEN it is still offered, and a process looks again
    monkeypatch.setattr(completion, "_FRESH_SECONDS", -1)
    monkeypatch.setattr(completion, "_TRY_SECONDS", -1)
    assert completed(cli, "find", *of_table, "--tag", "co") == ["cohort"]
    assert len(looks) == 2


def test_what_cannot_be_read_or_kept_is_offered_as_nothing(
    cli: CommandLine, looks: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offered(*more: str) -> list[str]:
        return completed(cli, "find", "-t", "any", *more, "--store", "''")

    # A look that has come to nothing is not repeated at once.
    assert offered() == offered() == []
    [look] = looks
    for kept in (b"", b"\xff", b"{}", b"[]", b"3", b'{"stores": 3, "tags": []}'):
        Path(look[-1]).write_bytes(kept)
        assert offered() == []
    # Of several tables, the first is looked into.
    assert offered("--profile", "p", "-t", "two", "--profile", "q") == []
    assert json.loads(looks.pop()[-2]) == {"table": "any", "profile": "p"}

    # Where nothing can be kept, nothing looks.
    (cli.home / ".cache").rename(cli.home / "kept")
    (cli.home / ".cache").write_text("in the way")
    assert offered() == []
    monkeypatch.setattr(completion.Path, "cwd", Mock(side_effect=FileNotFoundError))
    assert offered() == []
    assert looks == [look]
