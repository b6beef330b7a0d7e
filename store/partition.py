"""The index of one partition as files: the FAISS index, its vectors, and a note of both."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from .approximate import Approximate
from .exact import Exact
from .files import replacing, write_text
from .raw_vectors import RawVectors

if TYPE_CHECKING:
    from .exact import Ids

Index = Exact | Approximate

_HASHED_ON_LOAD = 2**28


@dataclass(frozen=True, slots=True)
class Built:
    """What an index file was built from.

    Attributes
    ----------
    version : of the recordings table
    files : the partition's Parquet files in that version
    count, dimension : of the vectors
    rows : digest of the rows' ids and times
    size_bytes, blake2b : of the index file
    recall : at 20, measured when it was built; 1 for an exact index
    vectors : name of the file of raw vectors beside an approximate index
    rescored : how many of its hits an approximate index scores again exactly, at least
    """

    version: int
    files: tuple[str, ...]
    count: int
    dimension: int
    rows: str
    size_bytes: int
    blake2b: str
    recall: float
    vectors: str | None
    rescored: int


class PartitionFile:
    """An index file, its vectors and its note; each is written atomically, the note last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_suffix(".json")

    def built(self) -> Built | None:
        """Read the note; None if it is lost or damaged, or a file is of another size."""
        try:
            fields = json.loads(self._note.read_text())
            built = Built(**{**fields, "files": tuple(fields["files"])})
            whole = built.size_bytes == self.path.stat().st_size and self._has_vectors(built)
            return built if whole else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def load(self, built: Built) -> Index | None:
        """Read the index; None if it is not the one that the note tells of.

        The content of a file beyond 256 MiB is compared with the note by `spkret check` only.
        """
        import faiss

        try:
            if built.size_bytes <= _HASHED_ON_LOAD and _blake2b(self.path) != built.blake2b:
                return None
            index = faiss.read_index(str(self.path))
            if built.vectors is None:
                return Exact(index)
            return Approximate(index, self._raw(built), built.recall, built.rescored)
        except (OSError, RuntimeError):
            return None

    def new_vectors(self, dimension: int) -> RawVectors:
        """Name a file for the raw vectors of an index that is built anew."""
        name = f"{self.path.stem}.{uuid4().hex[:12]}.vectors"
        return RawVectors(self.path.with_name(name), dimension)

    def save(self, index: Index, version: int, files: Sequence[str], rows: str) -> None:
        """Write the index and its note, and delete the vectors of an earlier index."""
        import faiss

        with replacing(self.path) as temporary:
            faiss.write_index(index.faiss, str(temporary))
            size, digest = temporary.stat().st_size, _blake2b(temporary)
        built = Built(
            version=version,
            files=tuple(files),
            count=index.faiss.ntotal,
            dimension=index.faiss.d,
            rows=rows,
            size_bytes=size,
            blake2b=digest,
            recall=index.recall,
            vectors=None if index.raw is None else index.raw.path.name,
            rescored=index.rescored,
        )
        write_text(self._note, json.dumps(asdict(built), indent=1) + "\n")
        self._delete_vectors(keep=built.vectors)

    def remove(self) -> None:
        """Delete the index, its vectors and its note."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self._delete_vectors(keep=None)

    def _raw(self, built: Built) -> RawVectors:
        return RawVectors(self.path.with_name(str(built.vectors)), built.dimension)

    def _has_vectors(self, built: Built) -> bool:
        return built.vectors is None or self._raw(built).holds(built.count)

    def _delete_vectors(self, keep: str | None) -> None:
        for file in self.path.parent.glob(f"{self.path.stem}.*.vectors"):
            if file.name != keep:
                file.unlink(missing_ok=True)


def digest(ids: "Ids", times: npt.NDArray[np.int64]) -> str:
    """Hash a set of rows by id and time of writing, whatever their order."""
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) * _ODD_1 ^ times.astype(np.uint64) * _ODD_2
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _ODD_3
        return f"{int((mixed ^ (mixed >> np.uint64(32))).sum(dtype=np.uint64)):016x}"


def _blake2b(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


_ODD_1, _ODD_2, _ODD_3 = (
    np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD)
)
