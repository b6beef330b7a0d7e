"""The raw vectors of a large index, in a file that is mapped into memory and never read whole."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RawVectors:
    """A file of float32 rows, in the order of the index beside it; rows past its count are void."""

    path: Path
    dimension: int

    def holds(self, count: int) -> bool:
        """Tell whether the file has that many rows."""
        return self.path.is_file() and self.path.stat().st_size >= count * self._row_bytes

    def holds_only(self, count: int) -> bool:
        """Tell whether the file has precisely that many rows."""
        return self.holds(count) and self.path.stat().st_size == count * self._row_bytes

    def write(self, start: int, vectors: Floats) -> int:
        """Write vectors (n, dimension) from row `start` on; return the row after them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self.path.exists() else "w+b") as file:
            file.seek(start * self._row_bytes)
            file.write(np.ascontiguousarray(vectors, np.float32).tobytes())
        return start + len(vectors)

    def mapped(self, count: int) -> Floats:
        """Map the first rows into memory: float32 (count, dimension), read-only."""
        if not count:
            return np.empty((0, self.dimension), np.float32)
        return np.memmap(self.path, np.float32, "r", shape=(count, self.dimension))

    @property
    def _row_bytes(self) -> int:
        return 4 * self.dimension
