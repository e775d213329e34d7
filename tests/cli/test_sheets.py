"""Sample sheets: what their presets ask of rows, and what the commands write and say; and batches of runs."""

import csv
import io
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from omics_meta.commands import run_batch
from omics_meta.search.sheets import Refusal, read_sheet
from omics_meta.terminal.exits import CommandError
from omics_sandbox.api_model import service_model

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine
from tests.docs.pages import Page

STORE_ID = "1234567890"
SUFFIXES = {"FASTQ": ("fastq.gz", ""), "BAM": ("bam", "bai"), "UBAM": ("bam", ""), "CRAM": ("cram", "crai")}

NONE: Mapping[str, str] = {}


def arn(number: int) -> str:
    return f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{STORE_ID}/readSet/{number:010}"


def row(number: int = 1, kind: str = "FASTQ", *, files: Mapping[str, str] = NONE, **more: Any) -> dict[str, Any]:
    """The row of a read set that fits every sheet which takes its type."""
    suffix, index = SUFFIXES[kind]
    paths: dict[str, str] = {"source1": f"s3://b/{number}_1.{suffix}"}
    if kind == "FASTQ":
        paths["source2"] = f"s3://b/{number}_2.{suffix}"
    if index:
        paths["index"] = f"s3://b/{number}.{suffix}.{index}"
    whole: dict[str, Any] = {
        "set_arn": arn(number),
        "set_id": f"{number:010}",
        "set_status": "ACTIVE",
        "set_type": kind,
        "set_subject_id": "p1",
        "set_sample_id": f"s{number}",
        "files": [
            {"file_type": file} | ({"file_path": path} if path else {}) for file, path in {**paths, **files}.items()
        ],
        "tags": [],
    } | more
    return {name: value for name, value in whole.items() if value is not None}


def sifted(sheet: str, *rows: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Refusal]]:
    """The lines that a sheet has of rows, without what is empty, and what it refuses."""
    preset = read_sheet(sheet)
    done = preset.sift(rows)
    names = [each.name for each in preset.columns]
    lines = [dict(zip(names, line.values, strict=True)) for line in done.lines]
    return [{name: value for name, value in line.items() if value} for line in lines], list(done.refusals)


def test_sarek_has_the_columns_of_each_type() -> None:
    tags = [{"sex": "XY"}, {"status": "1"}]
    rows = [row(1, tags=tags), row(2, "BAM"), row(3, "UBAM"), row(4, "CRAM"), row(5, "CRAM", files={"index": ""})]

    lines, refusals = sifted("nf-core/sarek", *rows)

    assert not refusals
    usual = {"patient": "p1", "sex": "NA", "status": "0"}
    lanes = {number: {"sample": f"s{number}", "lane": f"{number:010}"} for number in (1, 2, 3)}
    assert lines == [
        usual
        | lanes[1]
        | {"sex": "XY", "status": "1", "fastq_1": "s3://b/1_1.fastq.gz", "fastq_2": "s3://b/1_2.fastq.gz"},
        usual | lanes[2] | {"bam": "s3://b/2_1.bam", "bai": "s3://b/2.bam.bai"},
        usual | lanes[3] | {"bam": "s3://b/3_1.bam"},
        usual | {"sample": "s4", "cram": "s3://b/4_1.cram", "crai": "s3://b/4.cram.crai"},
        usual | {"sample": "s5", "cram": "s3://b/5_1.cram"},
    ]


def test_rnaseq_and_generic_have_their_columns() -> None:
    single = row(2, files={"source2": ""}, tags=[{"strandedness": "reverse"}])
    plain = row(3, files={"source1": "s3://b/3.fq", "source2": "s3://b/a folder/3.fastq"})

    lines, refusals = sifted("nf-core/rnaseq", row(1), single, plain, row(4, "BAM"))

    assert lines == [
        {"sample": "s1", "fastq_1": "s3://b/1_1.fastq.gz", "fastq_2": "s3://b/1_2.fastq.gz", "strandedness": "auto"},
        {"sample": "s2", "fastq_1": "s3://b/2_1.fastq.gz", "strandedness": "reverse"},
        {"sample": "s3", "fastq_1": "s3://b/3.fq", "fastq_2": "s3://b/a folder/3.fastq", "strandedness": "auto"},
    ]
    assert refusals == [Refusal(arn(4), "it is not of type FASTQ", "BAM")]
    uri = "omics://123456789012.storage.us-west-2.amazonaws.com/1234567890/readSet/0000000005/source1"
    lines, refusals = sifted("generic", row(1), row(2, "BAM"), row(4, "CRAM"), row(5, "UBAM", files={"source1": ""}))
    assert (lines, refusals) == (
        [
            {"sample": "s1", "fastq_1": "s3://b/1_1.fastq.gz", "fastq_2": "s3://b/1_2.fastq.gz"},
            {"sample": "s2", "bam": "s3://b/2_1.bam", "index": "s3://b/2.bam.bai"},
            {"sample": "s4", "cram": "s3://b/4_1.cram", "index": "s3://b/4.cram.crai"},
            {"sample": "s5", "bam": uri},
        ],
        [],
    )


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("nf-core/sarek", row(set_subject_id="p 1"), "patient must have no blanks, and be no number, true, false or null"),
    ("nf-core/sarek", row(set_subject_id=None), "it has no patient (subject_id)"),
    ("nf-core/sarek", row(set_sample_id="s\n"), "sample must have no blanks, and be no number, true, false or null:"),
    ("nf-core/sarek", row(set_sample_id=None), "it has no sample (sample_id)"),
    ("nf-core/sarek", row(set_id="1 2"), "lane must have no blanks: '1 2'"),
    ("nf-core/sarek", row(tags=[{"sex": "male"}]), "sex must be one of XX, XY, NA: 'male'"),
    ("nf-core/sarek", row(tags=[{"status": "tumor"}]), "status must be 0 (normal) or 1 (tumor): 'tumor'"),
    ("nf-core/sarek", row(files={"source1": "s3://b/1/source1"}), "fastq_1 must end in .fq.gz or .fastq.gz, with"),
    ("nf-core/sarek", row(files={"source1": "s3://b/1.fastq"}), "fastq_1 must end in .fq.gz or .fastq.gz, with"),
    ("nf-core/sarek", row(files={"source2": "s3://b/a 2.fq.gz"}), "fastq_2 must end in .fq.gz or .fastq.gz, with"),
    ("nf-core/sarek", row(files={"source1": ""}), "it has no fastq_1 (source1_file_path)"),
    ("nf-core/sarek", row(files={"source2": ""}), "it has no fastq_2 (source2_file_path)"),
    ("nf-core/sarek", row(kind="BAM", files={"source1": "s3://b/1"}), "bam must end in .bam and have no blanks: 's3"),
    ("nf-core/sarek", row(kind="BAM", files={"source1": ""}), "it has no bam (source1_file_path)"),
    ("nf-core/sarek", row(kind="BAM", files={"index": "s3://b/1.csi"}), "bai must end in .bai and have no blanks: 's3"),
    ("nf-core/sarek", row(kind="UBAM", files={"source1": "s3://b c/1.bam"}), "bam must end in .bam and have no blanks"),
    ("nf-core/sarek", row(kind="CRAM", files={"source1": "s3://b/1.bam"}), "cram must end in .cram and have no blanks"),
    ("nf-core/sarek", row(kind="CRAM", files={"source1": ""}), "it has no cram (source1_file_path)"),
    ("nf-core/sarek", row(kind="CRAM", files={"index": "s3://b/1.bai"}), "crai must end in .crai and have no blanks"),
    ("nf-core/sarek", row(set_type=None), "it is not of type BAM or CRAM or FASTQ or UBAM"),
    ("nf-core/rnaseq", row(set_sample_id="s 1"), "sample must have no blanks, and be no number, true, false or null:"),
    ("nf-core/rnaseq", row(files={"source1": "s3://b/1.fastq.bz2"}), "fastq_1 must end in .fq, .fastq, .fq.gz or"),
    ("nf-core/rnaseq", row(files={"source2": "s3://b/2"}), "fastq_2 must end in .fq, .fastq, .fq.gz or .fastq.gz, w"),
    ("nf-core/rnaseq", row(files={"source1": ""}), "it has no fastq_1 (source1_file_path)"),
    ("nf-core/rnaseq", row(tags=[{"strandedness": "both"}]), "strandedness must be one of auto, forward, reverse, un"),
    ("generic", row(set_sample_id=None), "it has no sample (sample_id)"),
    ("generic", row(set_status="DELETING"), "its status is DELETING"),
    # What a row does not tell yet is not taken for the default.
    ("nf-core/sarek", row(tags=None, sync_state="listed"), "its tags have not been read yet"),
    ("nf-core/rnaseq", row(set_status="ARCHIVED") | {"files": []}, "its files are not known, because its"),
    ("nf-core/rnaseq", row(set_status="ACTIVATING") | {"files": []}, "its files are not known, because its"),
    ("nf-core/rnaseq", row() | {"files": []}, "fastq_1: its row has no files"),
]


@pytest.mark.parametrize(("sheet", "broken", "said"), BROKEN)
def test_a_row_that_breaks_a_rule_is_left_out_with_the_reason(sheet: str, broken: dict[str, Any], said: str) -> None:
    kept = row(2)

    lines, [refusal] = sifted(sheet, broken, kept)

    assert [line["sample"] for line in lines] == ["s2"]
    assert refusal.arn == arn(1)
    assert f"{refusal.rule}: {refusal.value!r}".startswith(said)


def test_each_rule_for_values_is_broken_by_a_row() -> None:
    ruled = {
        (name, each.name)
        for name in ("nf-core/sarek", "nf-core/rnaseq", "generic")
        for each in read_sheet(name).columns
        if each.fits or each.values
    }

    assert {(sheet, said.partition(" must ")[0]) for sheet, _, said in BROKEN if " must " in said} == ruled


def test_lines_that_should_differ_and_do_not_are_all_left_out() -> None:
    twice = [row(number, "CRAM", set_sample_id="same") for number in (2, 1)]
    lanes = [row(number, set_sample_id="same") for number in (4, 3)]

    lines, refusals = sifted("nf-core/sarek", *twice, *lanes)

    assert [line["lane"] for line in lines] == ["0000000003", "0000000004"]
    rule = "another read set has the same patient, sample, lane"
    assert refusals == [Refusal(arn(number), rule, "p1, same, ") for number in (1, 2)]


[PRESET] = Page("docs/sheets.md").blocks("toml")


def test_a_file_declares_a_sheet_in_the_same_form(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(f"{PRESET}[[column]]\nname = 'status'\nfrom = \"'0'\"\n")
    plain, odd = row(3, files={"source1": "s3://b/3.fq"}), row(6, tags=[{"phase": "3"}])

    lines, refusals = sifted(str(path), row(1), row(2, files={"source1": ""}), plain, row(4, "BAM"), odd)

    assert lines == [
        {"id": "s1", "reads": "s3://b/1_1.fastq.gz", "mates": "s3://b/1_2.fastq.gz", "phase": "none", "status": "0"}
    ]
    assert [(each.rule, each.value) for each in refusals] == [
        ("mates needs reads", ""),
        ("reads must be compressed", "s3://b/3.fq"),
        ("it is not of type FASTQ", "BAM"),
        ("phase must be one of 1, 2, none", "3"),
    ]


FROM = 'from = "sample_id|name"'


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("unique", "uniqe", "'uniqe' is not a key: give some of source, version, types, unique, column"),
        ("types = [", "types = [1, ", "'types' is [1, 'FASTQ']: give a list of texts"),
        ('["FASTQ"]', '["VCF"]', "'types' has 'VCF': give some of FASTQ, BAM, CRAM, UBAM"),
        ('["FASTQ"]', '"FASTQ"', "'types' is 'FASTQ': give a list of texts"),
        ('["id", "reads"]', '["ids"]', "'unique' names 'ids', which is no column: give some of id, reads"),
        ('["reads"]', '["read"]', "'needs' names 'read', which is no column: give some of id, reads, mates, phase"),
        ('name = "mates"', 'name = "id"', "there are 2 columns 'id': leave one"),
        ('name = "id"\n', "", "column 'without a name': there is no 'name': give a text"),
        ('name = "id"', "name = 1", "column 1: 'name' is 1: give a text"),
        ("required = true", "required = 1", "column 'id': 'required' is 1: give true or false"),
        ("needs", "need", "column 'mates': 'need' is not a key: give some of name, from, types, required, pattern"),
        (FROM, 'from = "smaple_id"', "column 'id': 'from': 'smaple_id' is not a column: did y"),
        (FROM, 'from = "id,name"', "column 'id': 'from': 'id,name' is not one column: leave out NEW=, and put |"),
        (FROM, 'from = "zz=name"', "column 'id': 'from': 'zz=name' is not one column: leave out NEW="),
        ("'.*\\.gz'", "'(gz'", "column 'reads': 'pattern' is not a regular expression: missing ), unterminated"),
        (PRESET, 'source = "x"', "there is no 'column': give [[column]] tables"),
        (PRESET, "column = 1", "'column' is 1: give [[column]] tables"),
        ("'.*\\.gz'", "'a{99999999999999}'", "column 'reads': 'pattern' is not a regular expression"),
        ("'.*\\.gz'", f"'{'(' * 900}{')' * 900}'", "column 'reads': 'pattern' is not a regular expression"),
        (PRESET, f"a = {'[' * 5000}", "is not TOML: "),
        (PRESET, f"a = 1{'0' * 5000}", "is not TOML: "),
        (PRESET, "these are words", "is not TOML: Expected '='"),
    ],
)
def test_a_preset_that_is_not_right_is_named_with_key_and_remedy(
    before: str, after: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "my.toml"
    path.write_text(PRESET.replace(before, after))

    with pytest.raises(CommandError) as raised:
        read_sheet(str(path))

    assert str(raised.value).removeprefix(f"--sheet {path}").lstrip(": ").startswith(said)


def test_a_preset_may_begin_with_a_byte_order_mark_and_have_a_pattern_that_python_warns_of(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "my.toml"
    path.write_text(PRESET.replace("'.*\\.gz'", "'[[a]b'"), encoding="utf-8-sig")

    assert [each.name for each in read_sheet(str(path)).columns] == ["id", "reads", "mates", "phase"]
    assert not [*recwarn]


@pytest.mark.parametrize("sheet", ["nf-core/sarek", "nf-core/rnaseq"])
def test_an_id_that_the_pipeline_would_read_as_a_number_is_left_out(sheet: str) -> None:
    """nf-core/rnaseq#1419, nextflow-io/nf-schema#81 and #153."""
    fits = next(each.fits for each in read_sheet(sheet).columns if each.name == "sample")

    assert fits
    assert not any(map(fits, ("10091", "-5", "0", "1.5", "10E8", "0123.2", "true", "NULL")))
    assert all(map(fits, ("S10091", "10091_", "0123", "1a", "1.2.3", "truely", "e8")))


def test_a_preset_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(b"\xff")

    for given, said in {
        "nf-core/sarec": "--sheet 'nf-core/sarec' is none of generic, nf-core/rnaseq, nf-core/sarek: give one",
        "none.toml": "cannot read --sheet none.toml: No such file or directory: give a file, or one of generic, ",
        str(path): f"--sheet {path} is not TOML: 'utf-8' codec",
    }.items():
        with pytest.raises(CommandError) as raised:
            read_sheet(given)
        assert str(raised.value).startswith(said)


@pytest.fixture
def table(aws: Aws) -> str:
    """The rows of a cohort: two FASTQ of a sample, a BAM, and a FASTQ without S3 addresses."""
    store_id = aws.store(name="cohort", store_id=STORE_ID)
    cohort: list[dict[str, Any]] = [
        {"sample_id": "s1"},
        {"sample_id": "s1"},
        {"sample_id": "s2", "file_type": "BAM", "files": ("source1", "index")},
        {"sample_id": "s4", "s3_access": False},
    ]
    for number, each in enumerate(cohort, start=1):
        common: dict[str, Any] = {"name": None, "subject_id": "p1", "tags": {"cohort": "a"}}
        aws.omics.create_read_set(store_id, read_set_id=f"{number:010}", **common, **each)
    return aws.filled(store_id)


def test_find_get_and_export_write_the_same_sheet(cli: CommandLine, table: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"

    found = cli.run("find", "-t", table, "--tag", "cohort=a", "--sheet", "nf-core/sarek")
    got = cli.run("get", "-t", table, *map(arn, (4, 3, 2, 1)), "--sheet", "nf-core/sarek", "--csv")
    exported = cli.run("export", "-t", table, "--sheet", "nf-core/sarek", "-o", path)

    refused = f"omics-meta: not in the sheet: {arn(4)}: it has no fastq_1 (source1_file_path)\n"
    assert (found.code, found.err) == (1, f"{refused}omics-meta: 3 read sets in the sheet\n")
    assert (got.code, got.out, got.err) == (1, found.out, found.err)
    assert (exported.code, exported.out, exported.err) == (1, f"3 read sets in the sheet: {path}\n", refused)
    assert path.read_text() == found.out
    head, *lines = csv.reader(io.StringIO(found.out))
    assert head == ["patient", "sample", "sex", "status", "lane", "fastq_1", "fastq_2", "bam", "bai", "cram", "crai"]
    assert [line[:5] for line in lines] == [
        ["p1", "s1", "NA", "0", "0000000001"],
        ["p1", "s1", "NA", "0", "0000000002"],
        ["p1", "s2", "NA", "0", "0000000003"],
    ]
    files = [[name.rpartition("/")[2] for name in line[5:]] for line in lines]
    assert files[0] == ["source1.fastq.gz", "source2.fastq.gz", "", "", "", ""]
    assert files[2] == ["", "", "source1.bam", "index.bam.bai", "", ""]


def test_what_is_archived_is_in_the_sheet_if_its_address_is_known(aws: Aws, cli: CommandLine, table: str) -> None:
    aws.edit(table, arn(1), set_status="ARCHIVED")
    aws.edit(table, arn(2), set_status="ARCHIVED", files=None, sync_lacks="files")

    found = cli.run("find", "-t", table, "--tag", "cohort=a", "--type", "FASTQ", "--sheet", "generic")
    got = cli.run("get", "-t", table, arn(2), "--sheet", "generic")

    assert found.code == 1
    assert [line["sample"] for line in found.csv_lines] == ["s1", "s4"]
    unseen = "its files are not known, because its row has never seen it active"
    assert found.err == (
        f"omics-meta: not in the sheet: {arn(2)}: {unseen}\n"
        "omics-meta: 1 read set in the sheet is archived: activate it before a run\n"
        f"omics-meta: to activate: omics-meta activate --table {table} --type FASTQ --tag cohort=a\n"
        "omics-meta: 2 read sets in the sheet\n"
    )
    assert f"omics-meta: to activate: omics-meta activate --table {table} {arn(2)}\n" in got.err
    assert got.out == "sample,fastq_1,fastq_2,bam,cram,index\n"
    # AND the commands that are named choose the same read sets.
    for done, archived in ((found, 2), (got, 1)):
        [command] = re.findall(r"omics-meta: to activate: omics-meta (.*)", done.err)
        assert cli.run(*shlex.split(command), "--dry-run", "--json").document["archived"] == archived

    # WHEN the read sets are named on stdin, or are some of those that fit, THEN the command has their ARNs
    piped = cli.run("get", "-t", table, "-", "--sheet", "generic", stdin=arn(2))
    assert f"omics-meta: to activate: omics-meta activate --table {table} {arn(2)}\n" in piped.err
    some = cli.run("find", "-t", table, "--sample", "s1", "--limit", "2", "--sheet", "generic")
    command = f"omics-meta activate --table {table} {arn(1)} {arn(2)}"
    assert f"omics-meta: to activate: {command}\n" in some.err

    # WHEN the sheet takes some types alone, THEN the command activates no others
    some = cli.run("find", "-t", table, "--tag", "cohort=a", "--sheet", "nf-core/rnaseq")
    assert f"omics-meta: to activate: omics-meta activate --table {table} --tag cohort=a --type FASTQ\n" in some.err


def test_the_command_that_activates_many_says_what_else_it_takes(aws: Aws, cli: CommandLine) -> None:
    table = aws.table(rows=(row(number, set_status="ARCHIVED") for number in range(22)))
    arns = [arn(number) for number in range(21)]

    piped = cli.run("get", "-t", table, "-", "--sheet", "nf-core/sarek", stdin="\n".join(arns))
    some = cli.run("find", "-t", table, "--sheet", "nf-core/sarek", "--limit", "21")

    command = f"omics-meta activate --table {table}"
    assert f"omics-meta: to activate, with the same stdin: {command} -\n" in piped.err
    more = "(which may take more read sets than the sheet)"
    assert f"omics-meta: to activate {more}: {command} --status ARCHIVED" in some.err


def test_a_sheet_that_lacks_a_read_set_is_not_written_where_all_are_required(
    aws: Aws, cli: CommandLine, table: str, tmp_path: Path
) -> None:
    path, samples = tmp_path / "sheet.csv", tmp_path / "samples"
    samples.write_text("s1\ns9\n")
    words = ("-t", table, "--sheet", "nf-core/sarek", "--require-all")

    lacking = cli.run("export", *words, "-o", path)
    missing = cli.run("find", *words, "--samples-from", samples)
    got = cli.run("get", arn(4), *words)
    aws.edit(table, arn(1), set_status="ARCHIVED")
    whole = cli.run("find", *words, "--sample", "s1", "--sample", "s[1]")

    said = "omics-meta: no sheet is written, because it would not have all read sets (--require-all)\n"
    for done in (lacking, missing, got):
        assert (done.code, done.out, done.err.splitlines(keepends=True)[-1]) == (1, "", said)
    assert not path.exists()
    assert (whole.code, len(whole.out.splitlines())) == (0, 3)
    assert f"omics-meta activate --table {table} --sample s1 --sample 's[1]'\n" in whole.err


def test_at_most_twenty_read_sets_are_named(aws: Aws, cli: CommandLine) -> None:
    kinds = [*["BAM"] * 21, *["FASTQ"] * 2]
    table = aws.table(rows=(row(number, kind, set_sample_id="a b") for number, kind in enumerate(kinds)))

    done = cli.run("find", "-t", table, "--sheet", "nf-core/rnaseq")

    *named, two, one, last = done.err.splitlines()
    assert [line.split(": ")[2:] for line in named] == [
        [arn(number), "it is not of type FASTQ", "'BAM'"] for number in range(20)
    ]
    assert {two, one} == {
        "omics-meta: not in the sheet: 2 more: sample must have no blanks, and be no number, true, false or null",
        "omics-meta: not in the sheet: 1 more: it is not of type FASTQ",
    }
    assert (done.code, last) == (1, "omics-meta: 0 read sets in the sheet")


URI = "omics://123456789012.storage.us-west-2.amazonaws.com/1234567890/readSet"
PARAMETERS = (
    "--parameter",
    "fastq_1=omics_uri_source1,fastq_2=omics_uri_source2",
    "--parameter",
    "name='x',size=total_size",
)
RUNS = [
    {
        "runSettingId": f"{number:010}",
        "name": name,
        "parameters": {
            "fastq_1": f"{URI}/{number:010}/source1",
            "fastq_2": f"{URI}/{number:010}/source2",
            "name": "x",
            "size": 12,
        },
    }
    for number, name in ((1, "NA1 exome"), (2, "NA2"))
]


def of_run(number: int, kind: str = "FASTQ", **more: Any) -> dict[str, Any]:
    """The row of a read set that is to be in a batch of runs."""
    given: dict[str, Any] = {"set_name": f"NA{number} exome", "set_sample_id": f"NA{number}", "set_total_size": 12}
    return row(number, kind, **(given | more))


@pytest.fixture
def batch_table(aws: Aws) -> str:
    """A table with two pairs, one of which has no name and is archived, and a single file."""
    return aws.table(rows=[of_run(2, set_name=None, set_status="ARCHIVED"), of_run(1), of_run(3, "UBAM")])


def test_a_batch_has_a_run_for_each_read_set(cli: CommandLine, batch_table: str, tmp_path: Path) -> None:
    path = tmp_path / "runs.json"

    words = ("export", "-t", batch_table, "--format", "run-batch", *PARAMETERS)

    done, filed, strict = cli.run(*words), cli.run(*words, "-o", path), cli.run(*words, "--require-all")

    assert done.document == json.loads(path.read_text()) == RUNS
    assert (done.code, done.err.splitlines()) == (
        1,
        [
            f"omics-meta: not in the batch: {arn(3)}: it has no parameter fastq_2",
            "omics-meta: 1 read set in the batch is archived: activate it before a run",
            f"omics-meta: to activate: omics-meta activate --table {batch_table} --status ARCHIVED",
            "omics-meta: 2 read sets in the batch",
        ],
    )
    assert filed.out == f"2 read sets in the batch: {path}\n"
    assert (strict.code, strict.out) == (1, "")
    # AND it is what StartRunBatch takes.
    request = {
        "requestId": "1",
        "defaultRunSetting": {"workflowId": "1234567", "roleArn": "arn:aws:iam::123456789012:role/runs"},
        "batchRunSettings": {"inlineSettings": done.document},
    }
    shape: Any = service_model("omics").operation_model("StartRunBatch").input_shape
    report = ParamValidator().validate(request, shape)
    assert report.generate_report() == ""


def test_the_limits_are_those_of_the_model() -> None:
    model = service_model("omics")
    for name in ("RunSettingId", "RunName"):
        limits = model.shape_for(name).metadata
        for length in (limits["min"], limits["max"]):
            assert run_batch.is_text("ä" * length)
        assert limits["pattern"] == r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"
        assert run_batch.is_text("a\u0301\u2003\u2028+1.")
        # Control, format and private characters, and one that is none yet.
        for other in ("\n", "\x85", "\u200b", "\ufeff", "\ue000", "\u0378"):
            assert not run_batch.is_text(f"a{other}b")
        for text in ("", "x" * (limits["max"] + 1)):
            assert not run_batch.is_text(text)
    assert model.shape_for("InlineSettings").metadata["max"] == run_batch.INLINE
    settings: Any = model.shape_for("BatchRunSettings")
    assert f"{run_batch.MOST_RUNS:,} run configurations" in settings.members["s3UriSettings"].documentation


def test_more_runs_than_a_request_takes_go_through_s3(
    cli: CommandLine, batch_table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, words = tmp_path / "runs.json", ("export", "-t", batch_table, "--format", "run-batch", "--parameter", "id")

    monkeypatch.setattr(run_batch, "INLINE", 2)
    large = cli.run(*words)
    monkeypatch.setattr(run_batch, "MOST_RUNS", 2)
    too_large = [cli.run(*words), cli.run(*words, "-o", path)]

    assert len(large.document) == 3
    assert "omics-meta: more than 2 runs are no inlineSettings: put the file into S3, for s3UriSettings\n" in large.err
    for done in too_large:
        assert (done.code, done.out) == (2, "")
        assert done.err.endswith("omics-meta: error: 3 runs are more than the 2 of a batch: search for fewer\n")
    assert not path.exists()


def test_a_name_that_no_run_can_have_is_named(aws: Aws, cli: CommandLine) -> None:
    table = aws.table(rows=[of_run(1, set_name="x" * 129)])

    done = cli.run("export", "-t", table, "--format", "run-batch", "--parameter", "id")

    assert (done.code, done.document) == (1, [])
    assert f"{arn(1)}: name must have 1 to 128 visible characters: 'xxx" in done.err
