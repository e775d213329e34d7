"""The worlds that pages are tried in."""

from collections.abc import Iterator

import pytest

from tests.docs.world import World, deployed_world, new_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """With the program deployed and the table filled."""
    with deployed_world(tmp_path_factory.mktemp("home")) as world:
        yield world


@pytest.fixture(scope="module")
def empty_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """With nothing deployed."""
    with new_world(tmp_path_factory.mktemp("home")) as world:
        yield world
