"""What `python -m pip list -v --format json` prints, for Pulumi's Python host, which asks at each command."""

import json
from importlib.metadata import distribution

FOUND = [distribution(name) for name in ("pulumi", "pulumi-aws")]
print(  # noqa: T201 - for the host
    json.dumps([{"name": d.name, "version": d.version, "location": str(d.locate_file(""))} for d in FOUND])
)
