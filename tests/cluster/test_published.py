from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from builders import TOY_IDENTITY, embedded

from spkret.cluster import indexing
from spkret.cluster.index_worker import Means
from spkret.cluster.indexing import OnRay
from spkret.indexer.extraction import Extraction, Extractor
from spkret.store.store import Store


def test_indexes_that_are_published_start_nothing(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "one"))
    store = Store.create(f"{bucket}/store", TOY_IDENTITY)
    store.recordings.commit([embedded(f"{n}.wav", language="en") for n in range(9)])
    store.vectors.refresh()
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "another"))
    other = Store.open(f"{bucket}/store")
    extractor = cast("Extractor", SimpleNamespace(identity=TOY_IDENTITY, options=Extraction()))
    monkeypatch.setattr(indexing, "joined", None)
    with OnRay("auto", extractor, (), Means("compact")) as workers:
        workers.refresh(other)
    assert other.vectors.fresh_cells() == []
    assert other.vectors.fresh()
