from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import TOY_IDENTITY

from spkret.cluster.session import joined
from spkret.store.store import Store


@pytest.fixture(scope="session")
def ray() -> Iterator[Any]:
    """A cluster of two CPUs on this machine, for all tests; `local` and `auto` stay in it."""
    with joined("local", cpus=2, object_store_bytes=100 << 20) as module:
        yield module


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "store", TOY_IDENTITY)
