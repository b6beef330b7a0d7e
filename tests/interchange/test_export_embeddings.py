"""Embeddings of a store leave it as they are, named as they should be."""

from pathlib import Path
from typing import Any

import kaldiio
import numpy as np
import pytest
from builders import embedded, labelled_table, matched_store

import spkret
from spkret.errors import InterchangeError, UsageError
from spkret.interchange import export_embeddings
from spkret.interchange.embeddings.registry import read_embeddings
from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return matched_store(tmp_path_factory.mktemp("export") / "store", labelled_table(8, 3))


def by(store: Store, column: str) -> dict[str, np.ndarray]:
    rows = store.recordings.scan().to_pylist()
    return {str(row[column]): np.array(row["embedding"], np.float32) for row in rows}


def assert_holds(file: Path, expected: dict[str, np.ndarray]) -> None:
    found = read_embeddings(file)
    assert found.keys == sorted(expected)
    np.testing.assert_array_equal(found.vectors, [expected[key] for key in found.keys])


@pytest.mark.parametrize("key", ["path", "id"])
def test_keys_name_recordings(key: str, store: Store, tmp_path: Path) -> None:
    exported = spkret.export(store, tmp_path / "x.npz", key=key)
    assert (exported.what, exported.format, exported.rows) == ("embeddings", "npz", 24)
    assert exported.files == (str(tmp_path / "x.npz"),)
    assert_holds(tmp_path / "x.npz", by(store, key))


def test_keys_may_begin_with_the_speaker(store: Store, tmp_path: Path) -> None:
    spkret.export(store, tmp_path / "x.npz", key="speaker-path")
    assert read_embeddings(tmp_path / "x.npz").keys[0] == "s000-s0/0.wav"


def test_kaldiio_reads_what_a_store_exports(store: Store, tmp_path: Path) -> None:
    spkret.export(store, tmp_path / "x.scp")
    found = kaldiio.load_scp(str(tmp_path / "x.scp"))
    expected = by(store, "path")
    assert list(found) == sorted(expected)
    for key, vector in expected.items():
        np.testing.assert_array_equal(found[key], vector)


def test_filters_select(store: Store, tmp_path: Path) -> None:
    exported = spkret.export(
        store, tmp_path / "x.csv", language="es", noise="clean", where="gender = 'm'"
    )
    rows = store.recordings.scan(language="es", noise="clean", where="gender = 'm'").num_rows
    assert 0 < rows == exported.rows == len(read_embeddings(tmp_path / "x.csv").keys)


def test_nothing_selected_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match="none is selected"):
        spkret.export(store, tmp_path / "x.csv", language="zz")
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("options", [{"what": "nothing"}, {"format": "zarr"}, {"key": "name"}])
def test_what_is_not_known_is_refused(
    options: dict[str, Any], store: Store, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="expected"):
        spkret.export(store, tmp_path / "x.csv", **options)


@pytest.mark.parametrize(
    "suffix", [".npz", ".npy", ".h5", ".csv", ".parquet", ".ark", ".safetensors"]
)
def test_blocks_make_one_file(
    suffix: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_embeddings, "BLOCK_BYTES", 7 * 32 * 4)
    done: list[tuple[int, int]] = []
    spkret.export(
        store, tmp_path / f"x{suffix}", progress=lambda rows, total: done.append((rows, total))
    )
    assert done == [(7, 24), (14, 24), (21, 24), (24, 24)]
    assert_holds(tmp_path / f"x{suffix}", by(store, "path"))


def test_one_path_under_two_roots_is_told(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store", EncoderIdentity("toy", "toy", 16))
    store.recordings.commit([embedded("a b.wav", root=root) for root in ("/x", "/y")])
    with pytest.raises(InterchangeError, match=r"'a b\.wav' 2 times"):
        spkret.export(store, tmp_path / "x.npz")
    assert spkret.export(store, tmp_path / "x.scp", key="id").rows == 2
