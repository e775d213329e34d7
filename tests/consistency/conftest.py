"""What all tests of races have in common."""

from collections.abc import Iterator

import pytest

from tests.consistency.world import small_numbers


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with small_numbers():
        yield
