"""What the formats' own libraries read and write, without spkret."""

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors
import safetensors.numpy

from spkret.errors import InterchangeError
from spkret.interchange.embeddings.registry import read_embeddings, write_embeddings

VECTORS = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
KEYS = ["en/1 a.wav", "ärger", 'c"d,e']


def written(path: Path) -> Path:
    return write_embeddings(path, KEYS, VECTORS)[0]


def assert_read(path: Path, keys: list[str] = KEYS) -> None:
    found = read_embeddings(path)
    assert found.keys == keys
    np.testing.assert_array_equal(found.vectors, VECTORS)


def test_numpy_reads_npz(tmp_path: Path) -> None:
    with np.load(written(tmp_path / "x.npz")) as arrays:
        assert arrays["keys"].tolist() == KEYS
        np.testing.assert_array_equal(arrays["embeddings"], VECTORS)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(save: object, tmp_path: Path) -> None:
    save(tmp_path / "x.npz", keys=np.array(KEYS), embeddings=VECTORS)  # type: ignore[operator]
    assert_read(tmp_path / "x.npz")


def test_arrays_in_columns_and_doubles_are_read(tmp_path: Path) -> None:
    ordered = np.asfortranarray(VECTORS.astype(np.float64))
    np.savez(tmp_path / "x.npz", keys=np.array([1, 2, 3]), embeddings=ordered)
    assert_read(tmp_path / "x.npz", ["1", "2", "3"])


def test_numpy_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", keys=np.array(KEYS, object), embeddings=VECTORS, allow_pickle=True)
    with pytest.raises(InterchangeError, match="without pickles"):
        read_embeddings(tmp_path / "x.npz")


def test_numpy_reads_npy_and_its_list(tmp_path: Path) -> None:
    np.testing.assert_array_equal(np.load(written(tmp_path / "x.npy")), VECTORS)
    assert (tmp_path / "x.keys.txt").read_text().splitlines() == KEYS


def test_npy_with_a_list_of_another_system_is_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VECTORS)
    (tmp_path / "x.keys.txt").write_bytes("\r\n".join(KEYS).encode())
    assert_read(tmp_path / "x.npy")


def test_npy_without_a_list_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VECTORS)
    with pytest.raises(InterchangeError, match=r"x\.keys\.txt"):
        read_embeddings(tmp_path / "x.npy")


def test_h5py_reads_hdf5(tmp_path: Path) -> None:
    with h5py.File(written(tmp_path / "x.h5")) as file:
        assert file["keys"].asstr()[:].tolist() == KEYS
        np.testing.assert_array_equal(file["embeddings"][:], VECTORS)


@pytest.mark.parametrize("kind", ["text", "bytes"])
def test_what_h5py_writes_is_read(kind: str, tmp_path: Path) -> None:
    keys = ["a", "b", "c"]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["keys"] = keys if kind == "text" else np.array(keys, "S1")
        file["embeddings"] = VECTORS
    assert_read(tmp_path / "x.h5", keys)


def test_one_dataset_a_key_is_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for key, vector in zip(["a/1.wav", "a/2.wav", "b"], VECTORS, strict=True):
            file[key] = vector
    assert_read(tmp_path / "x.h5", ["a/1.wav", "a/2.wav", "b"])


def test_links_out_of_a_file_are_not_followed(tmp_path: Path) -> None:
    written(tmp_path / "other.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name in ("keys", "embeddings"):
            file[name] = h5py.ExternalLink("other.h5", name)
    with pytest.raises(InterchangeError, match="got none"):
        read_embeddings(tmp_path / "x.h5")


def test_safetensors_reads_safetensors(tmp_path: Path) -> None:
    with safetensors.safe_open(written(tmp_path / "x.safetensors"), framework="numpy") as file:
        assert json.loads(file.metadata()["keys"]) == KEYS
        np.testing.assert_array_equal(file.get_tensor("embeddings"), VECTORS)


def test_what_safetensors_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    safetensors.numpy.save_file({"embeddings": VECTORS}, path, {"keys": json.dumps(KEYS)})
    assert_read(path)


@pytest.mark.parametrize("keys", [None, "no JSON", '"text"'])
def test_safetensors_without_keys_are_told(keys: str | None, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    safetensors.numpy.save_file({"embeddings": VECTORS}, path, {"keys": keys} if keys else None)
    with pytest.raises(InterchangeError, match="JSON list"):
        read_embeddings(path)


@pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_polars_reads_text(ending: str, delimiter: str, tmp_path: Path) -> None:
    table = polars.read_csv(written(tmp_path / f"x.{ending}"), separator=delimiter)
    assert table.columns == ["key", "e0", "e1", "e2", "e3", "e4"]
    assert table["key"].to_list() == KEYS
    np.testing.assert_array_equal(table.drop("key").to_numpy().astype(np.float32), VECTORS)


@pytest.mark.parametrize(
    "header", [[], [["utt", *map(str, "abcde")]], [["utt", *map(str, range(5))]]]
)
def test_plain_csv_is_read(header: list[list[str]], tmp_path: Path) -> None:
    rows = [[key, *vector.tolist()] for key, vector in zip(KEYS, VECTORS, strict=True)]
    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerows([*header, *rows])
    assert_read(tmp_path / "x.csv")


@pytest.mark.parametrize("row", ["a,1,2,3\n", "a,1,x\n", "a,1,\n"])
def test_rows_that_do_not_fit_are_told(row: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"key,e0,e1\nb,1,2\n{row}")
    with pytest.raises(InterchangeError, match="a key and numbers in each row"):
        read_embeddings(tmp_path / "x.csv")


def test_polars_reads_parquet(tmp_path: Path) -> None:
    table = polars.read_parquet(written(tmp_path / "x.parquet"))
    assert table["key"].to_list() == KEYS
    np.testing.assert_array_equal(np.stack(table["embedding"].to_list()), VECTORS)


@pytest.mark.parametrize(
    "vectors",
    [
        pa.array(VECTORS.tolist(), pa.list_(pa.float64())),
        pa.array(VECTORS.tolist(), pa.list_(pa.float32(), 5)),
        pa.array(VECTORS.tolist(), pa.large_list(pa.float32())),
    ],
)
@pytest.mark.parametrize("name", ["key", "path", "id"])
def test_what_pyarrow_writes_is_read(vectors: pa.Array, name: str, tmp_path: Path) -> None:
    keys: list[str] | list[int] = [1, 2, 3] if name == "id" else KEYS
    pq.write_table(
        pa.table({"more": keys, name: keys, "embedding": vectors}), tmp_path / "x.parquet"
    )
    assert_read(tmp_path / "x.parquet", list(map(str, keys)))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"key": ["a"], "other": [[1.0]]}, "a column embedding or"),
        ({"file": ["a"], "embedding": [[1.0]]}, "a column key or path"),
        ({"key": ["a", "b"], "embedding": [[1.0], [1.0, 2.0]]}, "of one length"),
        ({"key": ["a"], "embedding": ["text"]}, "lists of numbers"),
        ({"key": [None], "embedding": [[1.0]]}, "an empty one"),
        ({"key": ["a"], "embedding": [None]}, "of one length"),
    ],
)
def test_parquet_that_does_not_fit_is_told(
    columns: dict[str, list[object]], message: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    with pytest.raises(InterchangeError, match=message):
        read_embeddings(tmp_path / "x.parquet")
