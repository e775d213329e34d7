"""The Pulumi component that deploys healthomics-metadata-sync."""

try:
    from .args import MetadataSyncArgs
    from .metadata_sync import MetadataSync
except ModuleNotFoundError as error:
    if error.name not in {"pulumi", "pulumi_aws"}:
        raise
    raise ModuleNotFoundError(
        f"The component needs {error.name}: run pip install 'healthomics-metadata-sync[deploy]'", name=error.name
    ) from None

__all__ = ["MetadataSync", "MetadataSyncArgs"]
