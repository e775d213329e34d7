"""The DynamoDB table: created and kept, or an existing one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pulumi
import pulumi_aws as aws
from readset_sync.constants import KEY

from .settings import DECLARED, TABLE_INDEXES, Settings, key_arn
from .validation import SettingsError, look_up, problem


@dataclass(frozen=True)
class Table:
    """The table, created or not.

    Attributes:
        name: Its name.
        arn: Its ARN.
        kms_key_arn: The key that the function must be allowed to use through it, if any.
        stream_arn: The ARN of its stream, if it has one.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    kms_key_arn: pulumi.Output[str | None]
    stream_arn: pulumi.Output[str | None]


def create_table(name: str, settings: Settings, parent: pulumi.Resource) -> Table:
    """Create the table, or take the one that an earlier destroy retained back under management."""
    provisioned = settings.table_billing_mode == "PROVISIONED"
    customer_key = key_arn(settings.table_encryption)
    table = aws.dynamodb.Table(
        f"{name}-table",
        name=settings.table_name,
        hash_key=KEY,
        attributes=[{"name": each, "type": "S"} for each in _key_attributes(settings.index_names)],
        global_secondary_indexes=[_index(each, settings) for each in settings.index_names],
        billing_mode=settings.table_billing_mode,
        read_capacity=settings.table_read_capacity if provisioned else None,
        write_capacity=settings.table_write_capacity if provisioned else None,
        point_in_time_recovery={"enabled": settings.table_point_in_time_recovery},
        deletion_protection_enabled=settings.table_deletion_protection,
        server_side_encryption=_encryption(settings.table_encryption, customer_key),
        stream_enabled=settings.table_stream or None,
        stream_view_type="NEW_AND_OLD_IMAGES" if settings.table_stream else None,
        tags=settings.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            retain_on_delete=settings.retain_table,
            import_=settings.table_name if settings.import_retained_table else None,
        ),
    )
    # DynamoDB tells the ARN of a stream that is switched off for a while longer.
    stream_arn = table.stream_arn if settings.table_stream else None
    return Table(table.name, table.arn, pulumi.Output.from_input(customer_key), pulumi.Output.from_input(stream_arn))


def _key_attributes(index_names: Sequence[str]) -> list[str]:
    """Attributes that are a key of the table or of an index, without repetition."""
    return list(dict.fromkeys([KEY, *(key for name in index_names for key in TABLE_INDEXES[name])]))


def _index(name: str, settings: Settings) -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    # With its keys alone, an index is written when one of them changes, and not at every refresh of the row.
    # Newer releases of the provider call these two keys deprecated, but the oldest allowed here know no others.
    hash_key, *range_key = TABLE_INDEXES[name]
    index: aws.dynamodb.TableGlobalSecondaryIndexArgsDict = {
        "name": name,
        "hash_key": hash_key,
        "projection_type": "KEYS_ONLY",
    }
    if range_key:
        index["range_key"] = range_key[0]
    if settings.table_billing_mode == "PROVISIONED":
        index["read_capacity"] = settings.table_read_capacity
        index["write_capacity"] = settings.table_write_capacity
    return index


def _encryption(choice: str, customer_key: str | None) -> aws.dynamodb.TableServerSideEncryptionArgsDict:
    # "Enabled" means a key in KMS, AWS's or the customer's; otherwise DynamoDB uses a key that it owns.
    if customer_key:
        return {"enabled": True, "kms_key_arn": customer_key}
    return {"enabled": choice == "AWS_MANAGED"}


def adopt_table(table_name: pulumi.Input[str], parent: pulumi.Resource) -> Table:
    """Look an existing table up and check its key.

    Raises:
        SettingsError: The table cannot be read, or its key is not `set_arn` alone.
    """
    found = look_up(table_name, lambda name: _look_up(name, parent))
    return Table(
        found.apply(lambda t: t.name),
        found.apply(lambda t: t.arn),
        found.apply(_kms_key_arn),
        found.apply(lambda t: t.stream_arn if t.stream_enabled else None),
    )


def _look_up(name: str, parent: pulumi.Resource) -> aws.dynamodb.GetTableResult:
    setting = DECLARED["existing_table_name"].both_names
    try:
        table = aws.dynamodb.get_table(name=name, opts=pulumi.InvokeOptions(parent=parent))
    except Exception as error:
        remedy = f"the table cannot be read ({error}): give the name of a table in this account and region."
        raise SettingsError([problem(setting, name, remedy)]) from error
    types = {attribute.name: attribute.type for attribute in table.attributes}
    if table.hash_key != KEY or table.range_key or types.get(KEY) != "S":
        key = f"{table.hash_key} ({types.get(table.hash_key)})"
        if table.range_key:
            key += f" with sort key {table.range_key}"
        remedy = (
            f"its key is {key}, which DynamoDB cannot change: give a table with partition key {KEY} (S)"
            " and no sort key; omics-meta backfill fills an empty one."
        )
        raise SettingsError([problem(setting, name, remedy)])
    return table


def _kms_key_arn(table: aws.dynamodb.GetTableResult) -> str | None:
    encryption = cast("aws.dynamodb.outputs.GetTableServerSideEncryptionResult | None", table.server_side_encryption)
    return encryption.kms_key_arn or None if encryption and encryption.enabled else None
