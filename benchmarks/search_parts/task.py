"""What every system is asked, in files that all of them read: vectors, queries, groups, truth."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .speakers import ROWS_A_BLOCK, Floats, Ids, Speakers

K = 20


@dataclass(frozen=True)
class Task:
    """A partition of vectors, whose ids are their row numbers, and the questions to it.

    Attributes
    ----------
    vectors : float32 (rows, dimension), mapped, of unit length
    queries : float32 (queries, dimension)
    """

    folder: Path

    @classmethod
    def make(cls, folder: Path, speakers: Speakers, queries: int, sizes: list[int]) -> "Task":
        """Write the files of a task, unless they are there."""
        task = cls(folder)
        if not (folder / "truth.npy").exists():
            folder.mkdir(parents=True, exist_ok=True)
            speakers.write(folder / "vectors.f32")
            np.save(folder / "queries.npy", speakers.queries(queries))
            np.save(folder / "truth.npy", _truth(task.vectors, task.queries))
        rng = np.random.default_rng(speakers.seed)
        for size in sizes:
            drawn = [rng.choice(speakers.rows, size, replace=False) for _ in range(queries)]
            np.save(folder / f"groups-{size}.npy", np.array(drawn))
        return task

    @cached_property
    def queries(self) -> Floats:
        """What is looked for."""
        return np.asarray(np.load(self.folder / "queries.npy"))

    @cached_property
    def vectors(self) -> Floats:
        """What is looked through."""
        mapped = np.memmap(self.folder / "vectors.f32", np.float32, "r")
        return mapped.reshape(-1, self.queries.shape[1])

    def groups(self, size: int) -> Ids:
        """Candidates of each query (queries, size)."""
        return np.asarray(np.load(self.folder / f"groups-{size}.npy"))

    def wanted(self) -> Ids:
        """The nearest of all vectors to each query (queries, 20)."""
        return np.asarray(np.load(self.folder / "truth.npy"))

    def wanted_among(self, groups: Ids) -> Ids:
        """The nearest of each query's candidates (queries, 20)."""
        found = [
            group[np.argsort(-(self.vectors[group] @ query))[:K]]
            for group, query in zip(groups, self.queries, strict=True)
        ]
        return np.array(found)

    def blocks(self) -> list[slice]:
        """Parts of the vectors that are small enough to be copied."""
        rows = range(0, len(self.vectors), ROWS_A_BLOCK)
        return [slice(row, min(row + ROWS_A_BLOCK, len(self.vectors))) for row in rows]


def _truth(vectors: Floats, queries: Floats) -> Ids:
    """Compare everything, a block at a time: the nearest rows (queries, 20)."""
    cosines = np.empty((len(queries), 0), np.float32)
    rows = np.empty((len(queries), 0), np.int64)
    for start in range(0, len(vectors), ROWS_A_BLOCK):
        here = queries @ vectors[start : start + ROWS_A_BLOCK].T
        cosines = np.hstack([cosines, here])
        numbers = np.arange(start, start + here.shape[1])
        rows = np.hstack([rows, np.broadcast_to(numbers, here.shape)])
        best = np.argpartition(-cosines, K - 1)[:, :K]
        cosines, rows = np.take_along_axis(cosines, best, 1), np.take_along_axis(rows, best, 1)
    return rows
