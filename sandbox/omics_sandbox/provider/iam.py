"""IAM roles and their inline policies."""

import json
from typing import Any, ClassVar, Final
from urllib.parse import unquote

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, NAME_PREFIX, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, PolicyDocument, SetOf, Text
from omics_sandbox.provider.values import Names, Properties

_NAME_CHARACTERS: Final = "letters, digits and any of =,.@-_+"


class Role(ResourceType):
    """`aws:iam/role:Role`; its inline policies are resources of their own."""

    token: ClassVar = "aws:iam/role:Role"
    service: ClassVar = "iam"
    title: ClassVar = "IAM Role"
    naming: ClassVar = Naming(r"[\w+=,.@-]{1,64}", 64, _NAME_CHARACTERS)
    properties: ClassVar = {
        "assumeRolePolicy": Property(PolicyDocument(), required=True),
        "description": Property(Text()),
        "managedPolicyArns": Property(SetOf(Arn()), computed=True),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "path": Property(Text(pattern=r"/|/.+/"), replaces=True, default="/"),
        "tags": TAGS,
    }
    outputs: ClassVar = frozenset({"arn", "createDate", "tagsAll", "uniqueId"})

    @override
    def create_resource(self, inputs: Properties) -> str:
        parameters: dict[str, Any] = {
            "RoleName": inputs["name"],
            "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
            "Path": inputs.get("path", "/"),
            "Tags": tagging.as_list(inputs.get("tags")),
        }
        if "description" in inputs:
            parameters["Description"] = inputs["description"]
        self.client().create_role(**parameters)
        return inputs["name"]

    @override
    def complete(self, resource_id: str, inputs: Properties) -> None:
        for arn in inputs.get("managedPolicyArns", []):
            self.client().attach_role_policy(RoleName=resource_id, PolicyArn=arn)

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        role = self.client().get_role(RoleName=resource_id)["Role"]
        tags = self.client().list_role_tags(RoleName=resource_id)["Tags"]
        return {
            "arn": role["Arn"],
            "assumeRolePolicy": _document(role.get("AssumeRolePolicyDocument")),
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": role.get("Description", ""),
            "managedPolicyArns": self._attached(resource_id),
            "name": role["RoleName"],
            "path": role["Path"],
            "uniqueId": role["RoleId"],
            **tagging.as_state(tagging.from_list(tags)),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        client = self.client()
        if "assumeRolePolicy" in changed:
            client.update_assume_role_policy(RoleName=resource_id, PolicyDocument=inputs["assumeRolePolicy"])
        if "description" in changed:
            client.update_role(RoleName=resource_id, Description=inputs.get("description", ""))
        if "managedPolicyArns" in changed:
            self._set_attached(resource_id, set(inputs.get("managedPolicyArns", [])))
        if "tags" in changed:
            if gone := tagging.removed(state, inputs):
                client.untag_role(RoleName=resource_id, TagKeys=gone)
            if tags := tagging.as_list(inputs.get("tags")):
                client.tag_role(RoleName=resource_id, Tags=tags)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        # The policies that this resource attached go with it.
        attached: list[str] = state.get("managedPolicyArns") or []
        for arn in attached:
            self.client().detach_role_policy(RoleName=resource_id, PolicyArn=arn)
        self.client().delete_role(RoleName=resource_id)

    def _attached(self, name: str) -> list[str]:
        attached = self.client().list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return [policy.get("PolicyArn", "") for policy in attached]

    def _set_attached(self, name: str, wanted: set[str]) -> None:
        attached = set(self._attached(name))
        for arn in sorted(attached - wanted):
            self.client().detach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in sorted(wanted - attached):
            self.client().attach_role_policy(RoleName=name, PolicyArn=arn)


class RolePolicy(ResourceType):
    """`aws:iam/rolePolicy:RolePolicy`. Its id is `<role>:<policy>`."""

    token: ClassVar = "aws:iam/rolePolicy:RolePolicy"
    service: ClassVar = "iam"
    title: ClassVar = "IAM Role Policy"
    naming: ClassVar = Naming(r"[\w+=,.@-]{1,128}", 128, _NAME_CHARACTERS)
    properties: ClassVar = {
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "policy": Property(PolicyDocument(), required=True),
        "role": Property(Text(), required=True, replaces=True),
    }

    @override
    def create_resource(self, inputs: Properties) -> str:
        self._put(inputs["role"], inputs["name"], inputs["policy"])
        return f"{inputs['role']}:{inputs['name']}"

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        role, _, name = resource_id.partition(":")
        policy = self.client().get_role_policy(RoleName=role, PolicyName=name)
        return {"name": name, "policy": _document(policy["PolicyDocument"]), "role": role}

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        self._put(state["role"], state["name"], inputs["policy"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        role, _, name = resource_id.partition(":")
        self.client().delete_role_policy(RoleName=role, PolicyName=name)

    def _put(self, role: str, name: str, policy: str) -> None:
        self.client().put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)


def _document(policy: Any) -> str:  # botocore decodes it, but for a document that it cannot read
    return unquote(policy) if isinstance(policy, str) else json.dumps(policy)
