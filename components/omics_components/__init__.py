"""The Pulumi component that deploys healthomics-metadata-sync."""

from .args import MetadataSyncArgs
from .metadata_sync import MetadataSync

__all__ = ["MetadataSync", "MetadataSyncArgs"]
