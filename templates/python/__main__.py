"""A table of read sets, and what keeps it true."""

from omics_components import MetadataSync
from omics_components.config import args_from_config

# `pulumi config set` takes all settings of docs/settings.md, and `omics-meta --stack` all outputs.
MetadataSync("read-sets", args_from_config()).export()
