"""A stand-in for the Pulumi AWS provider, for a local AWS.

Each resource type exists once. Two ways lead to it: `deploy` runs a Pulumi program in this process without the
Pulumi CLI, and `python -m omics_sandbox.provider` is a plugin for the genuine engine.
"""

from omics_sandbox.provider.deployment import DeploymentError, deploy
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.monitor import Deployment

__all__ = ["Deployment", "DeploymentError", "ProviderError", "deploy"]
