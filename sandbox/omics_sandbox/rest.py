"""The paths of REST services, driven by botocore's models of them."""

import re

_LABEL = re.compile(r"\{(\w+)\}")


def path_pattern(uri: str) -> re.Pattern[str]:
    """A `requestUri` of a model, such as `/tags/{resourceArn}`, as a pattern with a group for each label.

    An ARN holds slashes, which arrive decoded.
    """
    pattern = _LABEL.sub(lambda label: f"(?P<{label[1]}>{'.+' if label[1].endswith('Arn') else '[^/]+'})", uri)
    return re.compile(f"{pattern.rstrip('/')}/?")
