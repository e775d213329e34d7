"""The stack: its configuration, the component, its outputs."""

from omics_components import MetadataSync
from omics_components.config import args_from_config

MetadataSync("healthomics-metadata-sync", args_from_config()).export()
