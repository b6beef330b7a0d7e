"""The embeddings of a store into a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import InterchangeError, UsageError
from ..store.arrays import Floats, embeddings
from .embeddings.base import Shape
from .embeddings.registry import format_of, write_blocks
from .kinds import Exported, ExportOptions, Progress

if TYPE_CHECKING:
    from ..store.store import Store

BLOCK_BYTES = 128 * 2**20
KEYS = ("path", "id", "speaker-path")


@dataclass(frozen=True, slots=True)
class Named:
    """Recordings to write, in the order of their keys, of one version of the table."""

    keys: Sequence[str]
    ids: npt.NDArray[np.int64]
    version: int


def export(store: "Store", out: Path, options: ExportOptions) -> Exported:
    """Write the embeddings of a store, sorted by key, a block of them in memory at a time.

    Raises
    ------
    InterchangeError
        No recording is selected, two have one key, or a key cannot be written in this format.
    UsageError
        There is no such format or key.
    """
    form = format_of(out, options.format)
    named = select(store, options)
    if not named.keys:
        raise InterchangeError(f"expected recordings to export in {store.place}, none is selected")
    shape = Shape(named.keys, store.encoder.dimension)
    files = write_blocks(out, shape, _blocks(store, named, options.progress), form.name)
    return Exported("embeddings", form.name, len(named.keys), tuple(map(str, files)))


def select(store: "Store", options: ExportOptions) -> Named:
    """Name the recordings that pass the filters, sorted by key, as Kaldi wants its tables.

    Raises
    ------
    UsageError
        There is no such key.
    """
    version = store.recordings.version()
    rows = store.recordings.scan(
        ["id", "path", "speaker"],
        language=options.language,
        noise=options.noise,
        where=options.where,
        version=version,
    )
    keys = keys_of(rows, options.key)
    order = sorted(range(len(keys)), key=lambda row: keys[row].encode())
    ids = rows["id"].to_numpy()[np.array(order, np.int64)]
    return Named([keys[row] for row in order], ids, version)


def keys_of(rows: pa.Table, key: str) -> list[str]:
    """Name recordings by their path, their id, or by speaker and path as Kaldi's utterance ids.

    Raises
    ------
    UsageError
        There is no such key.
    """
    paths: list[str] = rows["path"].to_pylist()
    if key == "path":
        return paths
    if key == "id":
        return [str(row) for row in rows["id"].to_pylist()]
    if key == "speaker-path":
        speakers = rows["speaker"].to_pylist()
        named = zip(speakers, paths, strict=True)
        return [path if speaker is None else f"{speaker}-{path}" for speaker, path in named]
    raise UsageError(f"expected a key of {', '.join(KEYS)}, got {key!r}")


def _blocks(store: "Store", named: Named, progress: Progress | None) -> Iterator[Floats]:
    rows = max(1, BLOCK_BYTES // (4 * store.encoder.dimension))
    for start in range(0, len(named.ids), rows):
        ids = named.ids[start : start + rows]
        yield _gathered(store, ids, named.version)
        if progress is not None:
            progress(start + len(ids), len(named.ids))


def _gathered(store: "Store", ids: npt.NDArray[np.int64], version: int) -> Floats:
    """Read the embeddings of rows, in the order of their ids: float32 (n, dimension)."""
    found = store.recordings.scan(["id", "embedding"], ids=ids, version=version)
    place = np.searchsorted(found["id"].to_numpy(), ids)
    ordered: Floats = embeddings(found)[place]
    return ordered
