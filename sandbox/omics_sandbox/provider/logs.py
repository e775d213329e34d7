"""Amazon CloudWatch log groups."""

from typing import Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, NAME_PREFIX, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, Integer
from omics_sandbox.provider.values import Names, Properties

# fmt: off
_RETENTIONS: Final = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
                      2922, 3288, 3653)
# fmt: on


class LogGroup(ResourceType):
    """`aws:cloudwatch/logGroup:LogGroup`."""

    token: ClassVar = "aws:cloudwatch/logGroup:LogGroup"
    service: ClassVar = "logs"
    title: ClassVar = "CloudWatch Logs Log Group"
    naming: ClassVar = Naming(r"[a-zA-Z0-9_/.#-]{1,512}", 512, "letters, digits and any of _-/.#")
    properties: ClassVar = {
        "kmsKeyId": Property(Arn()),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "region": REGION,
        "retentionInDays": Property(Integer(one_of=_RETENTIONS), default=0),
        "tags": TAGS,
    }
    outputs: ClassVar = frozenset({"arn", "tagsAll"})

    @override
    def create_resource(self, inputs: Properties) -> str:
        parameters: dict[str, Any] = {"logGroupName": inputs["name"]}
        for name in ("kmsKeyId", "tags"):
            if inputs.get(name):
                parameters[name] = inputs[name]
        self.client(inputs).create_log_group(**parameters)
        return inputs["name"]

    @override
    def complete(self, resource_id: str, inputs: Properties) -> None:
        self._set_retention(resource_id, inputs)

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=resource_id)
        groups = (group for page in pages for group in page["logGroups"])
        group = next((group for group in groups if group.get("logGroupName") == resource_id), None)
        if group is None:
            return None
        # The ARN that the provider gives has no `:*` at the end.
        arn = group.get("arn", "").removesuffix(":*")
        tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
        return {
            "arn": arn,
            "kmsKeyId": group.get("kmsKeyId", ""),
            "name": resource_id,
            "retentionInDays": group.get("retentionInDays", 0),
            **tagging.as_state(tags),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        client = self.client(state)
        if "retentionInDays" in changed:
            self._set_retention(resource_id, inputs)
        if "kmsKeyId" in changed:
            if key := inputs.get("kmsKeyId"):
                client.associate_kms_key(logGroupName=resource_id, kmsKeyId=key)
            else:
                client.disassociate_kms_key(logGroupName=resource_id)
        if "tags" in changed:
            if gone := tagging.removed(state, inputs):
                client.untag_resource(resourceArn=state["arn"], tagKeys=gone)
            if tags := inputs.get("tags"):
                client.tag_resource(resourceArn=state["arn"], tags=tags)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_log_group(logGroupName=resource_id)

    def _set_retention(self, name: str, inputs: Properties) -> None:
        client, days = self.client(inputs), inputs.get("retentionInDays", 0)
        if days:
            client.put_retention_policy(logGroupName=name, retentionInDays=days)
        else:
            client.delete_retention_policy(logGroupName=name)
