"""A Parquet file whose footer lost the name of a column: told however it is read, and set aside."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import embedded

from spkret.errors import StoreError
from spkret.store import finding, sql
from spkret.store.references import resolve
from spkret.store.store import Store

IDS = np.array([embedded("en0.wav").recording.id, embedded("en1.wav").recording.id])
READS: dict[str, Callable[[Store], object]] = {
    "few rows": lambda store: store.recordings.scan(["spectrum_mean"], ids=IDS),
    "all rows": lambda store: store.recordings.scan(),
    "some rows": lambda store: store.recordings.scan(["spectrum_mean"], where="speaker = 'anna'"),
    "a sample": lambda store: store.recordings.delta.sample(["spectrum_mean"], 2, at=None),
    "batches": lambda store: list(
        store.recordings.delta.batches(
            ["spectrum_mean"], store.recordings.delta.snapshot(), most_rows=2
        )
    ),
    "SQL": lambda store: sql.query(store, "SELECT * FROM recordings").fetchall(),
}


@pytest.fixture(params=[b"spectrum_\xffean", b"spectral_mean"], ids=["no text", "another"])
def misnamed(store: Store, request: pytest.FixtureRequest) -> Store:
    """A store whose rows in English are in a file with another name for a column."""
    for language in ("en", "de"):
        rows = [embedded(f"{language}{n}.wav", language=language) for n in range(3)]
        store.recordings.commit(rows)
    (file,) = (store.recordings.delta.path / "language=en").rglob("*.parquet")
    rename(file, b"spectrum_mean", request.param)
    return store


def rename(file: Path, old: bytes, new: bytes) -> None:
    data = file.read_bytes()
    assert old in data
    assert len(old) == len(new)
    file.write_bytes(data.replace(old, new))


@pytest.mark.parametrize("read", READS)
def test_every_read_says_what_to_do(misnamed: Store, read: str) -> None:
    with pytest.raises(StoreError, match="run spkret check --repair") as caught:
        READS[read](misnamed)
    assert "\n" not in str(caught.value)


def test_paths_of_a_large_table_are_looked_up_or_told_in_one_line(
    misnamed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "SMALLEST_BYTES", 0)
    try:
        told = str(resolve(misnamed.recordings, ["de0.wav"])[0].id)
    except StoreError as error:
        told = str(error)
    wanted = embedded("de0.wav", language="de").recording.id
    assert told == str(wanted) or told.endswith("run spkret check --repair")


def test_a_write_says_what_to_do(misnamed: Store) -> None:
    with pytest.raises(StoreError, match="run spkret check --repair"):
        misnamed.recordings.delete(IDS)


def test_repair_sets_the_file_aside(misnamed: Store) -> None:
    assert not misnamed.check().ok
    assert misnamed.check(repair=True).ok
    assert np.unique(misnamed.recordings.scan()["language"]).tolist() == ["de"]
