"""The schedule by which the pipeline is asked to compare all rows with their read sets."""

import json

import pulumi
import pulumi_aws as aws
from readset_sync.constants import OWN_SOURCE, RECONCILE, RECONCILE_GROUP

from .iam import Place, allow, create_role, use_queue_key
from .queue import Queue
from .settings import Settings


def create_schedule(
    name: str, settings: Settings, queue: Queue, undelivered: Queue, place: Place, parent: pulumi.Resource
) -> None:
    """Create the schedule, which sends a message into the queue, and the role in which it does so.

    It goes through the queue, and does not invoke the function: what fails is tried again, and is found in the
    dead-letter queue in the end, like any other message.
    """
    role, role_policy = create_role(
        f"{name}-schedule",
        "What the schedule of read-set reconciliations may do",
        "scheduler.amazonaws.com",
        [
            allow("AskForReconciliation", ["sqs:SendMessage"], [queue.arn, undelivered.arn]),
            *use_queue_key(settings, place),
        ],
        settings,
        parent,
        account=place.account,
    )
    aws.scheduler.Schedule(
        f"{name}-schedule",
        description="Has all read-set rows compared with HealthOmics",
        schedule_expression=settings.reconcile_schedule,
        flexible_time_window={"mode": "OFF"},
        target={
            "arn": queue.arn,
            "role_arn": role.arn,
            "sqs_parameters": {"message_group_id": RECONCILE_GROUP},
            "dead_letter_config": {"arn": undelivered.arn},
            "input": pulumi.Output.all(place.account, place.region).apply(lambda known: _message(*known)),
        },
        # The scheduler makes sure that it may assume the role, and finds it only once it is complete.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[role_policy]),
    )


def _message(account: str, region: str) -> str:
    """The message that the function takes for a request, with the context attributes that the scheduler fills in."""
    return json.dumps(
        {
            "source": OWN_SOURCE,
            "detail-type": RECONCILE,
            "id": "<aws.scheduler.execution-id>",
            "time": "<aws.scheduler.scheduled-time>",
            "account": account,
            "region": region,
            "detail": {},
        }
    )
