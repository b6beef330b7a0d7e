import shutil
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from builders import labelled_table, matched_store

from spkret.errors import StoreError
from spkret.retrieval import library as module
from spkret.retrieval.library import library
from spkret.retrieval.normalize import Background
from spkret.store.store import Store

TABLE = labelled_table(speakers=12)
NAMES = TABLE["path"].to_pylist()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return matched_store(tmp_path / "store", TABLE)


def test_references_lead_to_their_rows(store: Store) -> None:
    shelf = library(store)
    number = TABLE["id"][3].as_py()
    gathered = shelf.gather([NAMES[0], number, str(number), NAMES[0], NAMES[7]], None)
    assert gathered.paths[gathered.rows].tolist() == [
        *(NAMES[0], NAMES[3], NAMES[3], NAMES[0], NAMES[7])
    ]
    assert len(gathered.voices) == 3
    expected = np.array([TABLE["embedding"][row].as_py() for row in (0, 3, 3, 0, 7)], np.float32)
    np.testing.assert_array_equal(gathered.voices.embeddings[gathered.rows], expected)


def test_what_was_read_is_not_read_again(store: Store) -> None:
    shelf = library(store)
    shelf.gather(NAMES[:5], None)
    with patch.object(store.recordings, "scan", side_effect=AssertionError):
        shelf.gather(NAMES[:5], None)
    shelf.gather(NAMES[5:9], None)
    with patch.object(store.recordings, "scan", side_effect=AssertionError):
        gathered = shelf.gather(NAMES[::-1], None)
    assert gathered.paths[gathered.rows].tolist() == NAMES[::-1]


def test_a_store_too_large_is_read_row_by_row(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 6)
    shelf = library(store)
    for first in range(0, 40, 4):
        wanted = NAMES[first : first + 4]
        gathered = shelf.gather(wanted, None)
        assert gathered.paths[gathered.rows].tolist() == wanted
        assert gathered.voices.speakers[gathered.rows[0]] == TABLE["speaker"][first].as_py()


def test_a_changed_store_is_read_anew(store: Store) -> None:
    before = library(store)
    assert library(store) is before
    store.recordings.delete([TABLE["id"][0].as_py()])
    assert library(store) is not before


def test_the_background_of_a_version_of_the_same_number_is_another(
    store: Store, tmp_path: Path
) -> None:
    shutil.copytree(store.path, tmp_path / "copy")
    ids = TABLE["id"].to_numpy()
    store.recordings.delete(ids[:3])
    first = library(store).background(None, "")
    background = (store.path / "index" / "background.npz").read_bytes()
    other = Store.open(tmp_path / "copy")
    other.recordings.delete(ids[3:9])
    (other.path / "index").mkdir(exist_ok=True)
    (other.path / "index" / "background.npz").write_bytes(background)
    assert other.recordings.version() == store.recordings.version()
    found = library(other).background(None, "")
    again = Background.fit(library(other).labelled(), None)
    np.testing.assert_array_equal(found.mean, again.mean)
    assert not np.array_equal(found.mean, first.mean)


def test_the_background_of_rows_that_were_erased_meanwhile_is_not_kept(store: Store) -> None:
    shelf = library(store)
    shelf.labelled()
    store.forget(path=NAMES[0])
    shelf.background(None, "")
    assert not (store.path / "index" / "background.npz").exists()


def test_the_background_is_cached_on_disk(store: Store) -> None:
    first = library(store).background(None, "")
    assert (store.path / "index" / "background.npz").is_file()
    again = library(Store.open(store.path))
    with patch.object(again, "labelled", side_effect=AssertionError):
        np.testing.assert_array_equal(again.background(None, "").cohort, first.cohort)


def test_rows_that_vanish_while_they_are_read_are_an_error(store: Store) -> None:
    shelf = library(store)
    with pytest.raises(StoreError, match="changed while it was read"):
        shelf.by_id(np.array([5]))
