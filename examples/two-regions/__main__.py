"""One table of read sets in each of two regions: a component follows the read sets of its provider's region.

After `pulumi stack output us-west-2 --json > west.json`, `omics-meta status --outputs west.json` is about that region.
"""

import pulumi
import pulumi_aws as aws
from omics_components import MetadataSync

for region in ("us-west-2", "eu-west-1"):
    provider = aws.Provider(region, region=region)
    sync = MetadataSync(f"read-sets-{region}", opts=pulumi.ResourceOptions(provider=provider))
    pulumi.export(region, sync.outputs())
