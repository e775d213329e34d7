"""A local AWS for the demonstration and the tests, in one process and behind one endpoint.

HealthOmics is emulated by this package; SQS, EventBridge and its Scheduler, Lambda, DynamoDB, IAM, CloudWatch Logs and
the rest come from moto; the Lambda runtime is AWS's own client running the deployed zip. What HealthOmics publishes
flows through rules, queues and event source mappings into functions as it does on AWS.

    from omics_sandbox import Limits, Sandbox

    with Sandbox(limits=Limits.none()) as sandbox:
        store_id = sandbox.omics.create_store("cohort-a")
        sandbox.omics.create_read_set(store_id, name="NA12878")
        sandbox.client("omics").list_read_sets(sequenceStoreId=store_id)

From a terminal, `omics-sandbox` starts it and prints the environment for other programs;
`omics_sandbox.control` lists what can be done over HTTP then. The package knows nothing of the product that is tested
with it, and is never part of a deployment.
"""

from typing import TYPE_CHECKING, Any

from omics_sandbox.omics.limits import Limits

if TYPE_CHECKING:
    from omics_sandbox.sandbox import Sandbox

__all__ = ["Limits", "Sandbox"]


def __getattr__(name: str) -> Any:
    """Load the sandbox, and moto with it, when it is asked for: the engine's plugin, a process, needs neither."""
    if name != "Sandbox":
        raise AttributeError(name)
    from omics_sandbox.sandbox import Sandbox

    return Sandbox
