from pathlib import Path

import numpy as np
import pytest
from builders import TOY_IDENTITY, embedded

from spkret.store import sampling
from spkret.store.sampling import sample
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
    rows = sample(filled.recordings.delta.snapshot(), NAMES, 1_400)
    cells = zip(rows["language"].to_pylist(), rows["noise"].to_pylist(), strict=True)
    counted = dict.fromkeys(SIZES, 0)
    for cell in cells:
        counted[cell] += 1
    assert 1_100 <= counted["en", "clean"] <= 2_048
    assert 150 <= counted["en", "unknown"] <= 512
    assert counted["de", "clean"] >= 1


def test_rows_are_as_stored_and_the_same_each_time(filled: Store) -> None:
    snapshot = filled.recordings.delta.snapshot()
    rows = sample(snapshot, NAMES, 700)
    assert rows.equals(sample(snapshot, NAMES, 700))
    assert len(set(rows["id"].to_pylist())) == rows.num_rows
    stored = filled.recordings.scan(NAMES, ids=rows["id"].to_numpy())
    assert rows.sort_by("id").equals(stored)


def test_no_more_than_there_are(filled: Store, tmp_path: Path) -> None:
    rows = sample(filled.recordings.delta.snapshot(), ["id"], 10**6)
    assert sorted(rows["id"].to_pylist()) == filled.recordings.scan(["id"])["id"].to_pylist()
    empty = Store.create(tmp_path / "store", TOY_IDENTITY).recordings.delta.snapshot()
    assert sample(empty, NAMES, 10).schema.names == list(NAMES)


def test_what_is_read_is_spread_over_the_file(filled: Store) -> None:
    file = max(filled.recordings.delta.snapshot().files, key=lambda file: file.size_bytes)
    whole = sampling._spread(file, 10**6)
    np.testing.assert_array_equal(whole, np.arange(len(whole)))
    some = sampling._spread(file, 500)
    assert set(some.tolist()) <= set(whole.tolist())
    assert len(some) >= min(500, len(whole))
