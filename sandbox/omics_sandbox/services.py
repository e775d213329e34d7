"""The services that moto provides, in this process: SQS, EventBridge, Lambda's registry, DynamoDB, IAM, Logs and more.

moto keeps its state in global dictionaries without locks. Every use of it, over HTTP or from the sandbox's own parts,
goes through `Moto.lock`, so that a conditional write is atomic and no message is lost between two threads.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportPrivateUsage=false, reportPrivateImportUsage=false
# moto's types are partial, a queue's messages are private to it, and tables are made by the class that it imports.

import threading
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

import moto.backends as moto_backends
import moto.core.responses as moto_responses
import moto.dynamodb.models as moto_dynamodb
import moto.sqs.models as moto_sqs
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import camelcase_to_underscores, method_names_from_class, unix_time
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.events.models import EventsBackend, events_backends
from moto.iam.models import IAMBackend, iam_backends
from moto.kms.models import KmsBackend, kms_backends
from moto.logs.models import LogsBackend, logs_backends
from moto.moto_server.werkzeug_app import (  # pyright: ignore[reportMissingTypeStubs] - inline types
    DomainDispatcherApplication,
    create_backend_app,
)
from moto.scheduler.models import ScheduleGroup, scheduler_backends
from moto.sqs.exceptions import SQSException
from moto.sqs.models import DEDUPLICATION_TIME_IN_SECONDS, Message, Queue, SQSBackend, sqs_backends
from moto.sts.models import STSBackend, sts_backends
from werkzeug.test import run_wsgi_app

from omics_sandbox.http import Response
from omics_sandbox.tables import IndexedTable, serialize_attribute, serialize_structure

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from moto.awslambda.models import LambdaBackend

# moto finds these out anew with each request, which takes half of its time, and they are the same each time.
_modules = frozenset(moto_backends.list_of_moto_modules())
moto_backends.list_of_moto_modules = lambda: _modules
moto_responses.method_names_from_class = cache(method_names_from_class)
moto_responses.camelcase_to_underscores = moto_sqs.camelcase_to_underscores = cache(camelcase_to_underscores)


class OrderedQueue(Queue):
    """moto's queue, with the two promises of a FIFO queue that moto does not keep.

    - Order within a group also after a visibility timeout: moto hands out the messages of a group in whatever order
      they happen to be looked at once the first has timed out.
    - Deduplication for five minutes after sending, also when the first message has been deleted in between.

    It also leaves invoking functions to the sandbox's own event source mappings, keeps a policy that the attributes
    being set do not mention, tells its redrive allow policy, and has one kind of encryption at a time.
    """

    BASE_ATTRIBUTES: ClassVar = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    redrive_allow_policy: str | None = None

    def __init__(self, name: str, region: str, account_id: str, **kwargs: Any) -> None:
        self._sequence = 18_849_496_460_467_696_128  # twenty digits, as SQS counts
        self._sent: dict[tuple[str | None, str], float] = {}
        super().__init__(name, region, account_id, **kwargs)

    @property
    def pending_message_groups(self) -> set[str]:
        """Groups with a message in flight now, which is asked before messages are looked at."""
        self._pending_messages = {message for message in self._pending_messages if not message.visible}
        return super().pending_message_groups

    def add_message(self, message: Message) -> None:
        """Take a message, unless it was sent before within the deduplication interval."""
        first_arrival = message.approximate_receive_count == 0  # else it is moved here by a redrive policy
        if self.fifo_queue and first_arrival and message.deduplication_id and self._is_duplicate(message):
            return
        if self.fifo_queue and first_arrival:
            self._sequence += 1
            message.sequence_number = str(self._sequence)
        with self._messages_lock:
            self._messages.append(message)
            self._messages_lock.notify_all()

    def _set_attributes(self, attributes: dict[str, Any], now: float | None = None) -> None:
        # In __init__ there is no policy yet.
        policy = self.policy if hasattr(self, "_policy_json") else None
        super()._set_attributes({"Policy": policy, **attributes, **_encryption(attributes)}, now)
        self.redrive_allow_policy = self.redrive_allow_policy or None  # taken away by an empty one

    def _is_duplicate(self, message: Message) -> bool:
        now = unix_time()
        self._sent = {key: time for key, time in self._sent.items() if now - time < DEDUPLICATION_TIME_IN_SECONDS}
        scope = message.group_id if self.attributes.get("DeduplicationScope") == "messageGroup" else None
        key = (scope, str(message.deduplication_id))
        if key in self._sent:
            return True
        self._sent[key] = now
        return False


def _encryption(attributes: dict[str, Any]) -> dict[str, Any]:
    """What becomes of the other kind of encryption when attributes switch one on."""
    key, managed = attributes.get("KmsMasterKeyId"), attributes.get("SqsManagedSseEnabled") == "true"
    if key and managed:
        raise SQSException(
            "InvalidAttributeValue",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE.",
        )
    if key:
        return {"SqsManagedSseEnabled": "false"}
    return {"KmsMasterKeyId": None} if managed else {}


class Moto:
    """moto's services for one account, from `start` to `close`."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.lock = threading.RLock()
        self._application = DomainDispatcherApplication(create_backend_app)

    def start(self) -> None:
        """Begin with no resource at all."""
        _forget_everything()
        moto_sqs.Queue = OrderedQueue
        moto_dynamodb.Table = IndexedTable
        BaseJSONSerializer._serialize_type_structure = serialize_attribute

    def close(self) -> None:
        """Forget every resource."""
        with self.lock:
            moto_sqs.Queue = Queue
            moto_dynamodb.Table = Table
            BaseJSONSerializer._serialize_type_structure = serialize_structure
            _forget_everything()

    def answer(self, environ: "WSGIEnvironment") -> Response:
        """Answer a request."""
        with self.lock:
            chunks, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        return Response(int(status.partition(" ")[0]), b"".join(chunks), dict(headers))

    def has_region(self, region: str) -> bool:
        """Whether AWS has a region of this name."""
        return region in sqs_backends[self.account].regions

    def sqs(self, region: str) -> SQSBackend:
        """The queues of a region."""
        return sqs_backends[self.account][region]

    def events(self, region: str) -> EventsBackend:
        """The event buses of a region."""
        return events_backends[self.account][region]

    def logs(self, region: str) -> LogsBackend:
        """The log groups of a region."""
        return logs_backends[self.account][region]

    def iam(self, partition: str) -> IAMBackend:
        """The roles and policies of a partition, such as `aws`; they have no region."""
        return iam_backends[self.account][partition]

    def schedule_groups(self, region: str) -> dict[str, ScheduleGroup]:
        """The schedule groups of a region by their names."""
        return cast("dict[str, ScheduleGroup]", scheduler_backends[self.account][region].schedule_groups)

    def kms(self, region: str) -> KmsBackend:
        """The KMS keys of a region."""
        return kms_backends[self.account][region]

    def sts(self, partition: str) -> STSBackend:
        """The sessions of roles in a partition."""
        return sts_backends[self.account][partition]

    def table_policies(self, account: str, arn: str) -> list[str]:
        """The policy, if there is one, of a table of any account, or of that which has an index."""
        policies = dynamodb_backends[account][arn.split(":")[3]].resource_policies
        return [policies[table].policy_doc] if (table := arn.partition("/index/")[0]) in policies else []

    def functions(self, region: str) -> "LambdaBackend":
        """The Lambda functions of a region."""
        # Imported when first needed: it takes half a second, which a sandbox without functions should not.
        from moto.awslambda.models import lambda_backends

        return lambda_backends[self.account][region]


def _forget_everything() -> None:
    BackendDict.reset()
    reset_model_data()
