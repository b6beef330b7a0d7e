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

from ..errors import StoreError
from .approximate import Approximate
from .exact import Exact
from .files import replacing, write_text
from .raw_vectors import RawVectors
from .sealed import seal, unseal
from .tuning import Tuned

if TYPE_CHECKING:
    from .exact import Ids

Index = Exact | Approximate

_HASHED_WHOLE = 2**28
_PART, _PARTS = 2**20, 16


@dataclass(frozen=True, slots=True)
class Built:
    """What an index file was built from.

    Attributes
    ----------
    version : of the recordings table
    files : the partition's Parquet files in that version
    count, dimension : of the vectors
    rows : digest of the rows' ids and times
    size_bytes, blake2b : of the index file; of one beyond 256 MiB, sixteen parts are hashed
    recall : at 20, measured when it was built; 1 for an exact index
    vectors : name of the file of raw vectors beside an approximate index
    rescored : how many of its hits an approximate index scores again exactly, at least
    margin : by which it chooses the lists that it probes; see `probing.behind`
    measured : how many vectors an approximate index had when its recall was measured
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
    margin: float
    measured: int


class PartitionFile:
    """An index file, its vectors and its note; each is written atomically, the note last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = path.with_suffix(".json")

    def built(self) -> Built | None:
        """Read the note; None if it is lost or damaged, or a file is of another size."""
        try:
            built = parsed(self.note.read_text())
            if built is None or built.size_bytes != self.path.stat().st_size:
                return None
            return built if self.has_vectors(built) else None
        except (OSError, ValueError):
            return None

    def load(self, built: Built) -> Index | None:
        """Read the index; None if it is not the one that the note tells of."""
        import faiss

        try:
            if _blake2b(self.path) != built.blake2b:
                return None
            index = faiss.read_index(str(self.path))
            if built.vectors is None:
                return Exact(index)
            raw = self._raw(built)
            tuned = Tuned(built.recall, built.rescored, built.margin)
            return Approximate(index, raw, raw.mapped(built.count), *tuned, built.measured)
        except (OSError, RuntimeError):
            return None

    def new_vectors(self, dimension: int) -> RawVectors:
        """Name a file for the raw vectors of an index that is built anew."""
        name = f"{self.path.stem}.{uuid4().hex[:12]}.vectors"
        return RawVectors(self.path.with_name(name), dimension)

    def save(self, index: Index, version: int, files: Sequence[str], rows: str) -> Built:
        """Write the index and its note, and delete the vectors of an earlier index."""
        import faiss

        with replacing(self.path) as temporary:
            try:
                faiss.write_index(index.faiss, str(temporary))
            except RuntimeError as error:
                raise StoreError(
                    f"cannot write the index {self.path}; see that its disk has room and may be"
                    " written"
                ) from error
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
            margin=index.margin,
            measured=index.measured,
        )
        write_text(self.note, written(built))
        self._delete_vectors(keep=built.vectors)
        return built

    def is_full(self, built: Built) -> bool:
        """Tell whether there are no raw vectors past those that the index counts."""
        return built.vectors is None or self._raw(built).holds_only(built.count)

    def files(self, built: Built) -> list[Path]:
        """List the files that an index consists of."""
        vectors = [] if built.vectors is None else [self._raw(built).path]
        return [self.path, self.note, *vectors]

    def remove(self) -> None:
        """Delete the index, its vectors and its note."""
        self.note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self._delete_vectors(keep=None)

    def _raw(self, built: Built) -> RawVectors:
        return RawVectors(self.path.with_name(str(built.vectors)), built.dimension)

    def has_vectors(self, built: Built) -> bool:
        """Tell whether the raw vectors that a note tells of are there."""
        return built.vectors is None or self._raw(built).holds(built.count)

    def _delete_vectors(self, keep: str | None) -> None:
        for file in self.path.parent.glob(f"{self.path.stem}.*.vectors"):
            if file.name != keep:
                file.unlink(missing_ok=True)


def written(built: Built) -> str:
    """Spell a note, sealed."""
    return json.dumps(seal(asdict(built)), indent=1) + "\n"


def parsed(note: str) -> Built | None:
    """Read a note; None if it is not as it was written, or of an earlier version of spkret."""
    try:
        fields = unseal(note)
        return Built(**{**fields, "files": tuple(fields["files"])})
    except (ValueError, TypeError, KeyError):
        return None


def digest(ids: "Ids", times: npt.NDArray[np.int64]) -> str:
    """Hash a set of rows by id and time of writing, whatever their order."""
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) * _ODD_1 ^ times.astype(np.uint64) * _ODD_2
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _ODD_3
        return f"{int((mixed ^ (mixed >> np.uint64(32))).sum(dtype=np.uint64)):016x}"


def _blake2b(path: Path) -> str:
    """Hash a file; of a large one, the first and the last MiB and some between."""
    size, hashed = path.stat().st_size, hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        if size <= _HASHED_WHOLE:
            return hashlib.file_digest(file, lambda: hashed).hexdigest()
        for start in np.linspace(0, size - _PART, _PARTS).astype(np.int64).tolist():
            file.seek(start)
            hashed.update(file.read(_PART))
    return hashed.hexdigest()


_ODD_1, _ODD_2, _ODD_3 = (
    np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD)
)
