"""A table of read sets with everything at its default."""

from omics_components import MetadataSync

sync = MetadataSync("read-sets", {"tags": {"team": "genomics"}})

# Everything that `omics-meta --stack` looks for.
sync.export()
