"""One launcher and one world for all tests of faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.harness import Launcher
from faults.jobs import World


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with Launcher(tmp_path_factory.mktemp("commands")) as started:
        yield started


@pytest.fixture(scope="session")
def world(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"), launcher)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the store of a test is, or will be."""
    return tmp_path / "store"
