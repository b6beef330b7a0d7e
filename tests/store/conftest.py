from pathlib import Path

import pytest
from builders import TOY_IDENTITY

from spkret.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "store", TOY_IDENTITY)
