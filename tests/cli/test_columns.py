"""The language of columns: names, new names, texts, tags, defaults and what is made of a read set's ARN."""

from decimal import Decimal
from typing import Any

import pytest
from omics_meta.search.columns import COLUMNS, DERIVED, Kind, columns_of, values
from omics_meta.terminal.exits import CommandError

ARN = "arn:aws:omics:eu-west-1:123456789012:sequenceStore/1234567890/readSet/9876543210"
ROW = {
    "set_arn": ARN,
    "set_status": "ACTIVE",
    "set_sample_id": "NA12878",
    "set_total_size": Decimal(12),
    "set_sequence_information": {"total_read_count": Decimal(0)},
    "set_creation_time": "2026-04-04T18:01:06Z",
    "store": {"store_at": "2026-02-30T00:00:00Z"},
    "files": [{"file_type": "source1", "file_path": "s3://a/b"}, {"file_type": "index"}],
    "tags": [{"cohort": "a"}, {"a=b, c|d": "odd"}, {'"': "quote"}, {"empty": ""}, {"it's": "its"}],
}
URI = "omics://123456789012.storage.eu-west-1.amazonaws.com/1234567890/readSet/9876543210"

OF_KIND = {Kind.TEXT: "text", Kind.INTEGER: Decimal(5), Kind.TIME: "2026-04-04T18:01:06Z", Kind.MAP: [{"a": "b"}]}
FILE = {"file_path": "s3://a/b", "etag": "e", "content_length": "1", "part_size": "2", "total_parts": "3"}
WHOLE: dict[str, Any] = {
    **{column.name: OF_KIND[column.kind] for column in COLUMNS if column.name in column.attributes},
    "set_arn": ARN,
    "set_etag": {"algorithm": "x", "source1": "1", "source2": "2"},
    "set_sequence_information": {
        "total_read_count": Decimal(1),
        "total_base_count": Decimal(2),
        "generated_from": "x",
        "alignment": "ALIGNED",
    },
    "files": [FILE | {"file_type": file} for file in ("source1", "source2", "index")],
    "store": dict.fromkeys(("store_id", "store_arn", "store_name", "store_uri", "store_ap_arn", "store_type"), "x"),
}
"""A row that has each attribute."""


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("set_status, sample_id", {"set_status": "ACTIVE", "sample_id": "NA12878"}),
        ("patient=sample_id,status='0'", {"patient": "NA12878", "status": "0"}),
        ("sex = tag:sex | 'NA', size=total_size", {"sex": "NA", "size": 12}),
        ("tag:sex|tag:cohort", {"tag:sex": "a"}),
        ("tag:sex|subject_id", {"tag:sex": None}),
        ("tag:empty", {"tag:empty": ""}),
        ("cohort=tag:empty|'none'", {"cohort": "none"}),
        ("total_size|'unknown',size=tag:size|total_size", {"total_size": "12", "size": "12"}),
        ("reads=sequence_information_total_read_count|total_size", {"reads": 0}),
        ("t=creation_time|status_at", {"t": "2026-04-04T18:01:06Z"}),
        ("store_at", {"store_at": None}),  # there is no such moment
        ("x=tags|'none'", {"x": '{"cohort": "a", "a=b, c|d": "odd", "\\"": "quote", "empty": "", "it\'s": "its"}'}),
        ("""x=',=|"it''s"',tag:it's""", {"x": """,=|"it's\"""", "tag:it's": "its"}),
        ('tag:"a=b, c|d","tag:"""""="tag:"""""', {"tag:a=b, c|d": "odd", 'tag:""': None}),
        ('"a=b, c"=tag:cohort,q=tag:""""', {"a=b, c": "a", "q": "quote"}),
        ("account,region", {"account": "123456789012", "region": "eu-west-1"}),
        (
            "omics_uri_source1,u2=omics_uri_source2,omics_uri_index|'none'",
            {"omics_uri_source1": f"{URI}/source1", "u2": None, "omics_uri_index": f"{URI}/index"},
        ),
    ],
)
def test_columns_are_renamed_defaulted_and_quoted(asked: str, shown: dict[str, Any]) -> None:
    columns = columns_of(asked)

    assert dict(zip([column.name for column in columns], values(ROW, columns), strict=True)) == shown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("set_id,set_nmae", "'set_nmae' is not a column: did you mean set_name?"),
        ("statsu", "'statsu' is not a column: did you mean status?"),
        ("omics_uri_sorce2", "'omics_uri_sorce2' is not a column: did you mean omics_uri_source2?"),
        ("id=zzz", "'zzz' is not a column: give tag:KEY, a text as in \"NEW='TEXT'\" with both kinds of quotes, or"),
        ("set_id,", "'' is not a column: give tag:KEY"),
        ("id|", "'' is not a column: give tag:KEY"),
        ("tag:", "'tag:' is not a column: "),
        ("set_id,set_name,set_id", "'set_id' is given 2 times: give it once, or another name, as in NEW=set_id"),
        ("set_id,x=set_name,x=status", "'x' is given 2 times"),
        ("'0'", "the text '0' needs a name: give NEW='0'"),
        ("x='0", '"\'0" cannot be read: put texts into \'...\', and names with any of , = | " into "..."'),
        ("x='0'1", "\"'0'1\" cannot be read: "),
        ('tag:"a', "'tag:\"a' cannot be read: "),
        ("a=b=id", "'a=b=id' has an = that is not between NEW and COLUMN: put texts into"),
        ("=id", "'=id' has an ="),
        ('""=id', "'\"\"=id' has an ="),
        ("a\udcff=id", r"'a\udcff=id' is not a text in UTF-8: type it as one"),
        ("id|x=name", "'id|x=name' has an ="),
        ("'a'=id", "\"'a'=id\" has an ="),
    ],
)
def test_a_wrong_list_of_columns_is_named_with_the_remedy(asked: str, said: str) -> None:
    with pytest.raises(CommandError) as raised:
        columns_of(asked)

    assert str(raised.value).startswith(f"--columns: {said}")


def test_a_list_of_many_quotes_is_refused_at_once() -> None:
    for asked in ('"' * 2001, f'a{" " * 20_000}"'):
        with pytest.raises(CommandError, match="cannot be read"):
            columns_of(asked)


def test_columns_tell_the_attributes_that_they_are_made_of() -> None:
    def attributes(asked: str) -> set[str]:
        return {each for column in columns_of(asked) for each in column.attributes}

    assert attributes("status,x=tag:a|'none',store_name") == {"set_status", "tags", "store"}
    assert attributes("omics_uri_index") == {"set_arn", "files"}
    # AND with these attributes alone, a column is what it is with the whole row.
    for column in (*COLUMNS, *DERIVED):
        part = {name: value for name, value in WHOLE.items() if name in column.attributes}
        assert values(part, [column]) == values(WHOLE, [column]) != [None], column.name


def test_columns_give_each_value_of_a_row_once_and_numbers_as_numbers() -> None:
    row = {
        "set_arn": "arn",
        "set_creation_time": "2026-04-04T18:01:06Z",
        "set_etag": {"algorithm": "FASTQ_MD5up", "source2": "b"},
        "files": [{"file_type": "source2", "file_path": "s3://a/b", "content_length": "12", "part_size": "9" * 19}],
        "store": {"store_id": "1234567890", "store_name": "cohort"},
        "tags": [{"a": "1"}, {"b": "2"}],
        "set_name": 5,
    }

    shown = {column.name: value for column, value in zip(COLUMNS, values(row, COLUMNS), strict=True)}

    assert {name: value for name, value in shown.items() if value is not None} == {
        "set_arn": "arn",
        "set_creation_time": "2026-04-04T18:01:06Z",
        "set_etag_algorithm": "FASTQ_MD5up",
        "set_etag_source2": "b",
        "source2_file_path": "s3://a/b",
        "source2_content_length": 12,
        "store_id": "1234567890",
        "store_name": "cohort",
        "tags": {"a": "1", "b": "2"},
    }, "a number that 64 bits do not hold, and a text that is none, are left out"
    assert values(row, columns_of("tag:b, tag:c,set_arn")) == ["2", None, "arn"]
    assert values(row, columns_of("account,region,omics_uri_source2")) == [None] * 3, "no ARN of a read set tells them"
    assert {column.kind for column in COLUMNS} == set(Kind) - {Kind.NUMBER}
