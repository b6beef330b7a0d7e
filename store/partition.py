"""The FAISS index of one partition, as a file, and the note beside it of what it was built from."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .files import replacing, write_text

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

LARGE = 200_000
WANTED_RECALL = 0.99

_POINTS_A_LIST = 39
_RESCORED = 4
_RECALL_AT = 20
_RECALL_QUERIES = 200


@dataclass(frozen=True, slots=True)
class Built:
    """What an index file was built from.

    Attributes
    ----------
    version : of the recordings table
    files : the partition's Parquet files in that version
    count : vectors
    rows : digest of the rows' ids and times
    size_bytes, blake2b : of the index file
    recall : at 20, measured when it was built; 1 for an exact index
    """

    version: int
    files: tuple[str, ...]
    count: int
    rows: str
    size_bytes: int
    blake2b: str
    recall: float


class PartitionFile:
    """An index file and its note; both are written atomically, the note last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_suffix(".json")

    def built(self) -> Built | None:
        """Read the note; None if it is lost or damaged, or the index file is of another size."""
        try:
            fields = json.loads(self._note.read_text())
            built = Built(**{**fields, "files": tuple(fields["files"])})
            return built if built.size_bytes == self.path.stat().st_size else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def load(self, built: Built) -> Any:
        """Read the index; None if it is not the one that the note tells of."""
        import faiss

        try:
            if _blake2b(self.path) != built.blake2b:
                return None
            return faiss.read_index(str(self.path))
        except (OSError, RuntimeError):
            return None

    def save(
        self, index: Any, version: int, files: Sequence[str], rows: str, recall: float
    ) -> None:
        """Write the index and its note."""
        import faiss

        with replacing(self.path) as temporary:
            faiss.write_index(index, str(temporary))
            size, digest = temporary.stat().st_size, _blake2b(temporary)
        built = Built(version, tuple(files), index.ntotal, rows, size, digest, recall)
        write_text(self._note, json.dumps(asdict(built), indent=1) + "\n")

    def remove(self) -> None:
        """Delete the index and its note."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def build(ids: Ids, vectors: Floats) -> tuple[Any, float]:
    """Build an index of unit vectors (n, dimension) by inner product; return it and its recall.

    It is exact while small. A large one scans a part of its inverted lists, in eight bits a
    number, and scores the best again exactly.
    """
    import faiss

    count, dimension = vectors.shape
    kind = _kind(count)
    index = faiss.index_factory(dimension, kind, faiss.METRIC_INNER_PRODUCT)
    if kind != _EXACT:
        index.train(vectors)
    index.add_with_ids(vectors, ids)
    return index, 1.0 if kind == _EXACT else _tune(index, vectors)


def extends(index: Any, count: int) -> bool:
    """Return whether an index may grow to `count` vectors, or had better be built again."""
    lists = _lists(index)
    return count <= LARGE if lists is None else count <= lists.nlist**2 / 4


def contents(index: Any) -> tuple[Ids, Floats]:
    """List the ids and the exact vectors (n, dimension) in an index."""
    import faiss

    inner: Any = faiss.downcast_index(index.index)
    exact = faiss.downcast_index(getattr(inner, "refine_index", inner))
    return ids_in(index), exact.reconstruct_n(0, index.ntotal)


def ids_in(index: Any) -> Ids:
    """List the ids of the vectors in an index."""
    import faiss

    ids: Ids = faiss.vector_to_array(index.id_map)
    return ids


def digest(ids: Ids, times: npt.NDArray[np.int64]) -> str:
    """Hash a set of rows by id and time of writing, whatever their order."""
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) * _ODD_1 ^ times.astype(np.uint64) * _ODD_2
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _ODD_3
        return f"{int((mixed ^ (mixed >> np.uint64(32))).sum(dtype=np.uint64)):016x}"


def _kind(count: int) -> str:
    if count <= LARGE:
        return _EXACT
    lists = max(1, min(int(4 * count**0.5), count // _POINTS_A_LIST))
    return f"IDMap2,IVF{lists},SQ8,RFlat"


def _lists(index: Any) -> Any:
    import faiss

    return faiss.try_extract_index_ivf(faiss.downcast_index(index.index))


def _tune(index: Any, vectors: Floats) -> float:
    """Probe more lists until the recall is as wanted; return the recall reached."""
    import faiss

    refined: Any = faiss.downcast_index(index.index)
    lists = _lists(index)
    refined.k_factor = _RESCORED
    queries = vectors[:: max(1, len(vectors) // _RECALL_QUERIES)]
    _, exact = faiss.downcast_index(refined.refine_index).search(queries, _RECALL_AT)
    lists.nprobe, recall = 8, 0.0
    while recall < WANTED_RECALL and lists.nprobe < lists.nlist:
        lists.nprobe = min(2 * lists.nprobe, lists.nlist)
        _, found = refined.search(queries, _RECALL_AT)
        same = [len(np.intersect1d(a, b)) for a, b in zip(exact, found, strict=True)]
        recall = float(np.mean(same)) / _RECALL_AT
    return recall


def _blake2b(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


_EXACT = "IDMap2,Flat"
_ODD_1, _ODD_2, _ODD_3 = (
    np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD)
)
