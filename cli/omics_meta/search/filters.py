"""The options by which a user says which rows to find, as they were given; `criteria` says what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from omics_meta.selection.target import Selection

SAMPLE: Final = "set_sample_id"
SUBJECT: Final = "set_subject_id"
TYPES: Final = ("FASTQ", "BAM", "CRAM", "UBAM")
"""Of read sets: HealthOmics' `FileType`."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What rows must be like. Of several values of one option, any will do; an option without a value asks for nothing.

    Attributes:
        sample: Sample ids; like `subject`, `name` and `reference` patterns if they have `*`, `?` or `[...]` in them.
        subject: Subject ids.
        name: Names of the read set.
        status: Statuses, in any case.
        not_status: Statuses that it must not have, in any case.
        file_type: Types, in any case.
        store: Ids or names of the sequence store.
        reference: Names or ARNs of the reference.
        tags: `KEY`, `KEY=PATTERN` or `KEY!=PATTERN` each: a read set must have one of the values for each key, and
            none of the unwanted ones.
        no_tags: Keys of tags that it must not have.
        file: What the path of one of the files begins with.
        created_after: ISO 8601 date or time; a read set of that very second counts.
        created_before: ISO 8601 date or time; a read set of that very second does not count.
        listed: By attribute, the names that files list, of which it must have one. They are no patterns.
    """

    sample: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    not_status: tuple[str, ...] = ()
    file_type: tuple[str, ...] = ()
    store: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    no_tags: tuple[str, ...] = ()
    file: tuple[str, ...] = ()
    created_after: str | None = None
    created_before: str | None = None
    listed: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True)
class Search:
    """Which tables to search, and for what.

    Attributes:
        require_all: Whether it is wrong that a name which a file lists is not found.
        segments: How many parts of the table are scanned at the same time; None leaves it to the plan.
    """

    selections: tuple[Selection, ...]
    filters: Filters
    require_all: bool = False
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """Whether a sample sheet of the read sets is wanted, or a batch of runs, which is made like one.

    Attributes:
        name: Name of a preset, or path of a file that declares one; None where no sheet is wanted.
        activation: The words of the command that activates read sets of the same table.
        chosen: The words that choose the same read sets in that command.
        require_all: Whether what lacks one of them is not to be written.
        any_type: Whether they choose read sets of all types, and `--type` can be added to them.
        limited: Whether there may be more read sets than are wanted.
    """

    name: str | None
    activation: tuple[str, ...]
    chosen: tuple[str, ...]
    require_all: bool
    any_type: bool
    limited: bool
