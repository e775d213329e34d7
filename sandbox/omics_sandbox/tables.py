"""moto's DynamoDB tables, with indexes that are looked up, items that are quick, and streams that come on again."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportPrivateUsage=false
# moto's types are partial, and how it writes an answer is private to it.

from collections import defaultdict
from typing import Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

_INDEX_NAME = 7
"""The position of the index's name among the arguments of a query."""

_FAR_FROM_LIMIT = 100_000
"""Characters, of at most four bytes each: DynamoDB takes 400 KB."""

serialize_structure = BaseJSONSerializer._serialize_type_structure
"""moto's way of writing a structure."""


def serialize_attribute(self: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Write an attribute by the type that it has, where moto looks for ten types by ten names each."""
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        return serialize_structure(self, serialized, value, shape, key)
    typed: dict[str, Any] = {}
    for name, content in value.items():
        self._serialize(typed, content, shape.members[name], name)
    return self._default_serialize(serialized, typed, shape, key)


class IndexedTable(Table):
    """moto's table, which looks at the items with the key that a query of an index names, and not at all others.

    The items by key are made for the first query after an item was written, or taken out to be changed in place.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._by_key: dict[str, dict[str, list[Item]]] = {}
        self._looked_at: list[Item] | None = None
        super().__init__(*arguments, **named)

    def put_item(self, *arguments: Any, **named: Any) -> Item:
        """Write an item."""
        self._by_key.clear()
        return super().put_item(*arguments, **named)

    def get_item(self, *arguments: Any, **named: Any) -> Item | None:
        """Return an item, which UpdateItem changes in place."""
        self._by_key.clear()
        return super().get_item(*arguments, **named)

    def delete_item(self, *arguments: Any, **named: Any) -> Item | None:
        """Delete an item."""
        self._by_key.clear()
        return super().delete_item(*arguments, **named)

    def all_items(self) -> list[Item]:
        """The items that are to be looked at."""
        return super().all_items() if self._looked_at is None else self._looked_at

    def query(self, *arguments: Any, **named: Any) -> tuple[list[Item], int, dict[str, Any] | None]:
        """Return the items that the keys of a query name."""
        if arguments[_INDEX_NAME] and named["hash_key_conditions"]:
            attribute, value = named["hash_key_conditions"][0]
            self._looked_at = list(self._items_by(attribute).get(value.value, ()))
        try:
            return super().query(*arguments, **named)
        finally:
            self._looked_at = None

    def _items_by(self, attribute: str) -> dict[str, list[Item]]:
        if attribute not in self._by_key:
            found: defaultdict[str, list[Item]] = defaultdict(list)
            items: Any = self.items  # by key; or by partition key and sort key, which moto's type takes for granted
            for held in items.values():
                for item in held.values() if self.range_key_attr else [held]:
                    if attribute in item.attrs:
                        found[item.attrs[attribute].value].append(item)
            self._by_key[attribute] = dict(found)
        return self._by_key[attribute]


def _update_stream(
    self: DynamoDBBackend,  # noqa: ARG001 - as moto calls it
    table: Table,
    stream_specification: dict[str, Any],
) -> None:
    """Switch a stream on or off. moto looks at the label for that, which a table keeps when its stream is off."""
    is_on = bool(table.stream_specification and table.stream_specification["StreamEnabled"])
    if stream_specification["StreamEnabled"] == is_on:
        raise MockValidationException(f"Table {'already has an' if is_on else 'has no'} enabled stream: {table.name}")
    table.set_stream_specification(stream_specification)


DynamoDBBackend.update_table_streams = _update_stream

_fill = Item.__init__


def _fill_quickly(self: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    """Make an item. At each attribute, moto looks at the size of all: without, where it is far from the limit."""
    if len(repr(attrs)) > _FAR_FROM_LIMIT:
        _fill(self, hash_key, range_key, attrs)
        return
    self.hash_key, self.range_key, self.attrs = hash_key, range_key, LimitedSizeDict()
    dict.update(self.attrs, {name: DynamoType(value) for name, value in attrs.items()})


Item.__init__ = _fill_quickly
