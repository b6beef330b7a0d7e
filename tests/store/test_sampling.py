from pathlib import Path

import numpy as np
import pytest
from builders import TOY_IDENTITY, embedded

from spkret.errors import StoreError
from spkret.store import sampling
from spkret.store.store import Store

NAMES = ("id", "speaker", "language", "noise", "embedding")
SIZES = {("en", "clean"): 3_000, ("en", "unknown"): 600, ("de", "clean"): 5}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store.create(tmp_path_factory.mktemp("sampled") / "store", TOY_IDENTITY)
    for part in range(3):
        store.recordings.commit(
            [
                embedded(f"{language}-{noise}-{row}.wav", language=language, noise=noise)
                for (language, noise), count in SIZES.items()
                for row in range(part, count, 3)
            ]
        )
    return store


def test_every_partition_has_its_share(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "FEWEST", 10)
    rows = filled.recordings.delta.sample(NAMES, 1_400, at=None)
    cells = zip(rows["language"].to_pylist(), rows["noise"].to_pylist(), strict=True)
    counted = dict.fromkeys(SIZES, 0)
    for cell in cells:
        counted[cell] += 1
    assert 1_100 <= counted["en", "clean"] <= 2_048
    assert 150 <= counted["en", "unknown"] <= 512
    assert counted["de", "clean"] >= 1


def test_rows_are_as_stored_and_the_same_each_time(filled: Store) -> None:
    rows = filled.recordings.delta.sample(NAMES, 700, at=None)
    assert rows.equals(filled.recordings.delta.sample(NAMES, 700, at=None))
    assert len(set(rows["id"].to_pylist())) == rows.num_rows
    stored = filled.recordings.scan(NAMES, ids=rows["id"].to_numpy())
    assert rows.sort_by("id").equals(stored)


def test_no_more_than_there_are(filled: Store, tmp_path: Path) -> None:
    rows = filled.recordings.delta.sample(["id"], 10**6, at=None)
    assert sorted(rows["id"].to_pylist()) == filled.recordings.scan(["id"])["id"].to_pylist()
    empty = Store.create(tmp_path / "store", TOY_IDENTITY).recordings.delta
    assert empty.sample(NAMES, 10, at=None).schema.names == list(NAMES)


def test_a_version_that_was_cleared_away_is_told(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store", TOY_IDENTITY)
    for name in ("one.wav", "other.wav"):
        store.recordings.commit([embedded(name)])
    pinned = store.recordings.delta.snapshot()
    assert store.check(compact=True).ok
    with pytest.raises(StoreError, match="was cleared away while it was read"):
        store.recordings.delta.sample(NAMES, 10, at=pinned)


def test_what_is_read_is_spread_over_the_file(filled: Store) -> None:
    file = max(filled.recordings.delta.snapshot().files, key=lambda file: file.size_bytes)
    whole = sampling._spread(file, 10**6)
    np.testing.assert_array_equal(whole, np.arange(len(whole)))
    some = sampling._spread(file, 500)
    assert set(some.tolist()) <= set(whole.tolist())
    assert len(some) >= min(500, len(whole))
