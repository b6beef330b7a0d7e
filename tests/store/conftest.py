from pathlib import Path

import pytest

from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store

ENCODER = EncoderIdentity("toy", "0123456789abcdef", 16)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "store", ENCODER)
