"""AWS clients that call models in the process, because the wire takes most of the time of a test."""
# pyright: reportUnknownMemberType=false
# moto's types are partial.

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from threading import RLock
from types import SimpleNamespace
from typing import Any

import omics_sandbox.tables  # noqa: F401  # pyright: ignore[reportUnusedImport] - moto writes items quickly with it
from botocore import xform_name
from moto.dynamodb.exceptions import ConditionalCheckFailed, ItemSizeTooLarge, ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from omics_sandbox.api_model import client_exceptions, paginator

Around = Callable[[str, Callable[[], Any]], Any]
"""Makes a call, or not: told the name of boto3's method, and what makes the call."""


class DynamoDBClient:
    """DynamoDB's client, as far as Table calls it, on moto's tables. What is projected is not cut out of the items.

    Calls of several threads are made one after the other, under the lock of whatever else calls these tables.

    Attributes:
        exceptions: The errors of the service, as boto3 makes them from its model.
        meta: `region_name`, as boto3 has it.
    """

    def __init__(self, backend: DynamoDBBackend, lock: AbstractContextManager[Any] | None = None) -> None:
        self._moto = backend
        self._lock = lock or RLock()
        self.exceptions = client_exceptions("dynamodb")
        self.meta = SimpleNamespace(region_name=backend.region_name)

    def create_table(self, TableName: str, KeySchema: Any, AttributeDefinitions: Any, BillingMode: str) -> None:  # noqa: N803 - boto3's names, here and below
        self._moto.create_table(
            TableName,
            schema=KeySchema,
            attr=AttributeDefinitions,
            billing_mode=BillingMode,
            throughput=None,
            global_indexes=None,
            indexes=None,
            streams=None,
            sse_specification=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )

    def describe_table(self, TableName: str) -> Any:  # noqa: N803
        try:
            return {"Table": self._moto.describe_table(TableName)["Table"]}
        except ResourceNotFoundException as error:
            raise self.exceptions.ResourceNotFoundException({}, "DescribeTable") from error

    def get_item(self, TableName: str, Key: Any, ConsistentRead: bool) -> Any:  # noqa: N803
        return {"Item": self._item(TableName, Key)}

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803
        [(table, wanted)] = RequestItems.items()
        items = [self._item(table, key) for key in wanted["Keys"]]
        return {"Responses": {table: [item for item in items if item]}, "UnprocessedKeys": {}}

    def put_item(self, Item: Any, **arguments: Any) -> None:  # noqa: N803
        self._write(self._moto.put_item, item_attrs=Item, **arguments)

    def update_item(self, **arguments: Any) -> None:
        self._write(self._moto.update_item, expression_attribute_names={}, **arguments)

    def delete_item(self, ReturnValues: str = "", **arguments: Any) -> Any:  # noqa: N803
        deleted = self._write(self._moto.delete_item, **arguments)
        return {"Attributes": deleted.to_json()["Attributes"]} if deleted else {}

    def scan(
        self,
        *,
        TableName: str,  # noqa: N803
        FilterExpression: str,  # noqa: N803
        ExpressionAttributeValues: Any,  # noqa: N803
        Limit: int | None = None,  # noqa: N803
        ExclusiveStartKey: Any = None,  # noqa: N803
        **_: Any,
    ) -> Any:
        with self._lock:
            items, _scanned, last = self._moto.scan(
                table_name=TableName,
                filters={},
                limit=Limit,  # pyright: ignore[reportArgumentType] - moto takes None too
                exclusive_start_key=ExclusiveStartKey,
                filter_expression=FilterExpression,
                expr_names={},
                expr_values=ExpressionAttributeValues,
                index_name="",
                consistent_read=True,
                projection_expression=None,
                segments=(None, None),
            )
        following = {"LastEvaluatedKey": {name: key.to_json() for name, key in last.items()}} if last else {}
        return {"Items": [item.to_json()["Attributes"] for item in items], **following}

    def get_paginator(self, name: str) -> Any:
        return paginator("dynamodb", name, getattr(self, name))

    def _item(self, table: str, key: Any) -> Any:
        with self._lock:
            item = self._moto.get_item(table, key)
            return item.to_json()["Attributes"] if item else None

    def _write(self, write: Callable[..., Any], **arguments: Any) -> Any:
        try:
            with self._lock:
                return write(**{xform_name(name): value for name, value in arguments.items()})
        except ItemSizeTooLarge as error:
            details = {"Error": {"Code": "ValidationException", "Message": error.exception_msg}}
            raise self.exceptions.ClientError(details, "PutItem") from error
        except ConditionalCheckFailed as error:
            details: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "it is not met"}}
            details |= {name: value for name, value in json.loads(error.description).items() if name == "Item"}
            raise self.exceptions.ConditionalCheckFailedException(details, write.__name__) from error


class Hooked:
    """A client, each of whose calls is made by a function of the test's."""

    def __init__(self, service: str, client: Any, around: Around) -> None:
        self._service = service
        self._client = client
        self._around = around
        self.exceptions = client.exceptions
        self.meta = client.meta

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, name)

    def get_paginator(self, name: str) -> Any:
        return paginator(self._service, name, getattr(self, name))

    def _call(self, name: str, **arguments: Any) -> Any:
        return self._around(name, partial(getattr(self._client, name), **arguments))


class Serial:
    """An executor without threads, so that calls come in one order alone."""

    def map(self, function: Callable[[Any], Any], items: Any) -> Iterator[Any]:
        return map(function, items)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)
        return future
