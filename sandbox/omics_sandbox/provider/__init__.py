"""A stand-in for the Pulumi AWS provider, for a local AWS.

Each resource type exists once. Two ways lead to it: `deploy` runs a Pulumi program in this process without the
Pulumi CLI, and `python -m omics_sandbox.provider` is a plugin for the genuine engine.
"""

from omics_sandbox.provider.deployment import Deployment, DeploymentError, deploy
from omics_sandbox.provider.errors import ProviderError

__all__ = ["Deployment", "DeploymentError", "ProviderError", "deploy"]
