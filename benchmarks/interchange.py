"""How fast embeddings go to and come from files, against each format's own library.

The embeddings of a store are exported, written from arrays in memory, and read again, each beside
what a person would type with the plain library on the same arrays, in the same process and in
interleaved rounds. Reading checks what it reads (keys that repeat, NaN, files cut off), which the
plain libraries leave to their users. Times are medians, ratios the median of each round's own.

    python benchmarks/interchange.py STORE --rounds 5 --out interchange.json
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import kaldiio
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
import safetensors.numpy

import spkret
from spkret.interchange.embeddings.base import Embeddings
from spkret.interchange.embeddings.registry import FORMATS, read_embeddings, write_embeddings

Vectors = npt.NDArray[np.float32]
Write = Callable[[Path, Sequence[str], Vectors], object]
Read = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured of one format: seconds, and how much longer than the plain library."""

    format: str
    bytes: int
    export_s: float
    write_s: float
    write_ratio: float
    read_s: float
    read_ratio: float


def main() -> None:
    """Measure every format on the embeddings of a store, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("interchange.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spkret.export(options.store, Path(folder, "all.npz"))
        given = read_embeddings(Path(folder, "all.npz"))
        lines = [
            measured(form.name, options.store, given, Path(folder), options.rounds)
            for form in FORMATS
        ]
    rows, dimension = given.vectors.shape
    report = {"rows": rows, "dimension": dimension, "formats": [asdict(line) for line in lines]}
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(f"{rows} embeddings of {dimension} numbers\n")
    print(table(lines))


def measured(form: str, store: Path, given: Embeddings, folder: Path, rounds: int) -> Line:
    """Time one format, our way and the plain way in turn."""
    ours, plain = folder / f"ours.{form}", folder / f"plain.{form}"
    times: dict[str, list[float]] = {}

    def timed(name: str, action: Callable[[], object]) -> None:
        started = time.perf_counter()
        action()
        times.setdefault(name, []).append(time.perf_counter() - started)

    for _ in range(rounds):
        timed("export", lambda: spkret.export(store, ours, format=form))
        timed("write", lambda: write_embeddings(ours, given.keys, given.vectors, form))
        timed("plain write", lambda: WRITERS[form](plain, given.keys, given.vectors))
        timed("read", lambda: read_embeddings(ours, form))
        timed("plain read", lambda: READERS[form](plain))
    same = read_embeddings(plain, form)
    assert same.keys == given.keys  # noqa: S101
    np.testing.assert_allclose(same.vectors, given.vectors, rtol=1e-6)
    files = [file for file in folder.iterdir() if file.stem.startswith("ours")]
    size = sum(file.stat().st_size for file in files)
    for file in files:
        file.unlink()
    return Line(form, size, *figures(times))


def figures(times: Mapping[str, Sequence[float]]) -> tuple[float, float, float, float, float]:
    """Return the medians and ratios of a line."""

    def ratio(name: str) -> float:
        pairs = zip(times[name], times[f"plain {name}"], strict=True)
        return statistics.median(ours / plain for ours, plain in pairs)

    seconds = {name: statistics.median(each) for name, each in times.items()}
    return seconds["export"], seconds["write"], ratio("write"), seconds["read"], ratio("read")


def table(lines: Sequence[Line]) -> str:
    """Draw the lines as a table in Markdown."""
    head = "| format | MB | export s | write s | x plain | read s | x plain |\n|" + " --- |" * 7
    rows = [
        f"| {one.format} | {one.bytes / 1e6:.1f} | {one.export_s:.2f} | {one.write_s:.2f}"
        f" | {one.write_ratio:.2f} | {one.read_s:.2f} | {one.read_ratio:.2f} |"
        for one in lines
    ]
    return "\n".join([head, *rows])


def write_ark(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
    """Write an archive by kaldiio."""
    kaldiio.save_ark(str(path), dict(zip(keys, vectors, strict=True)))


def write_scp(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
    """Write an archive and its list by kaldiio."""
    ark = str(path.with_suffix(".ark"))
    kaldiio.save_ark(ark, dict(zip(keys, vectors, strict=True)), scp=str(path))


def write_npy(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
    """Write an array by NumPy, and the keys beside it."""
    with path.open("wb") as file:
        np.save(file, vectors)
    path.with_name(f"{path.stem}.keys.txt").write_text("\n".join(keys))


def write_hdf5(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
    """Write both datasets by h5py."""
    with h5py.File(path, "w") as file:
        file["keys"], file["embeddings"] = list(keys), vectors


def write_npz(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
    """Write both arrays by NumPy."""
    with path.open("wb") as file:
        np.savez(file, keys=np.array(keys), embeddings=vectors)


def write_safetensors(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
    """Write the tensor and the keys by safetensors."""
    metadata = {"keys": json.dumps(keys)}
    safetensors.numpy.save_file({"embeddings": vectors}, path, metadata)


def write_text(delimiter: str) -> Write:
    """Write rows by polars."""

    def write(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
        numbers = pl.DataFrame(vectors, schema=[f"e{i}" for i in range(vectors.shape[1])])
        frame = pl.DataFrame({"key": list(keys)}).hstack(numbers)
        frame.write_csv(path, separator=delimiter)

    return write


def write_parquet(path: Path, keys: Sequence[str], vectors: Vectors) -> None:
    """Write both columns by pyarrow."""
    lists = pa.array(list(vectors), pa.list_(pa.float32()))
    pq.write_table(pa.table({"key": list(keys), "embedding": lists}), path)


def read_npz(path: Path) -> Any:
    """Read both arrays by NumPy."""
    with np.load(path) as arrays:
        return arrays["keys"], arrays["embeddings"]


def read_hdf5(path: Path) -> Any:
    """Read both datasets by h5py."""
    with h5py.File(path) as file:
        return file["keys"].asstr()[:], file["embeddings"][:]


def read_safetensors(path: Path) -> Any:
    """Read the tensor and the keys by safetensors."""
    with safetensors.safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["keys"]), file.get_tensor("embeddings")


WRITERS: Mapping[str, Write] = {
    "ark": write_ark,
    "scp": write_scp,
    "npz": write_npz,
    "npy": write_npy,
    "hdf5": write_hdf5,
    "safetensors": write_safetensors,
    "csv": write_text(","),
    "tsv": write_text("\t"),
    "parquet": write_parquet,
}
READERS: Mapping[str, Read] = {
    "ark": lambda path: dict(kaldiio.load_ark(str(path))),
    "scp": lambda path: dict(kaldiio.load_scp(str(path)).items()),
    "npz": read_npz,
    "npy": lambda path: np.load(path),
    "hdf5": read_hdf5,
    "safetensors": read_safetensors,
    "csv": lambda path: pl.read_csv(path),
    "tsv": lambda path: pl.read_csv(path, separator="\t"),
    "parquet": lambda path: np.stack(pq.read_table(path)["embedding"].to_numpy()),
}

if __name__ == "__main__":
    main()
