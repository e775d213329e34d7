"""The stack: its configuration, the component, its outputs."""

import pulumi
from omics_components import MetadataSync
from omics_components.config import args_from_config

sync = MetadataSync("healthomics-metadata-sync", args_from_config())

for name, value in sync.outputs().items():
    pulumi.export(name, value)
