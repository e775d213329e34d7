"""The options by which a user says which rows to find, as they were given; `criteria` says what they mean."""

from dataclasses import dataclass

from omics_meta.selection.target import Selection


@dataclass(frozen=True, slots=True)
class Filters:
    """What rows must be like; None, or no tag, asks for nothing.

    Attributes:
        sample: Sample id; like `subject` and `name` a pattern if it has `*`, `?` or `[...]` in it.
        subject: Subject id.
        name: Name of the read set.
        status: Status, in any case.
        file_type: Type, in any case.
        store: Id or name of the sequence store.
        reference: Name or ARN of the reference.
        tags: `KEY` or `KEY=VALUE` each, all of which a read set must have.
        file: What the path of one of the files begins with.
        created_after: ISO 8601 date or time; a read set of that very second counts.
        created_before: ISO 8601 date or time; a read set of that very second does not count.
    """

    sample: str | None = None
    subject: str | None = None
    name: str | None = None
    status: str | None = None
    file_type: str | None = None
    store: str | None = None
    reference: str | None = None
    tags: tuple[str, ...] = ()
    file: str | None = None
    created_after: str | None = None
    created_before: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Which table to search, and for what."""

    selection: Selection
    filters: Filters
