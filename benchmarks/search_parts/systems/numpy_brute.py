"""NumPy: every vector is compared, from a mapped file."""

from pathlib import Path

import numpy as np

from ..speakers import Floats, Ids
from ..task import Task
from .base import System, best


class Numpy(System):
    """One product with the matrix of all vectors."""

    needs = "numpy"

    def build(self, task: Task, folder: Path) -> None:
        """Copy the vectors."""
        with (folder / "vectors.f32").open("wb") as file:
            for block in task.blocks():
                file.write(task.vectors[block].tobytes())

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Map the file."""
        flat = np.memmap(folder / "vectors.f32", np.float32, "r")
        self._vectors = flat.reshape(task.vectors.shape)
        self._ids = np.arange(len(self._vectors))

    def nearest(self, query: Floats, k: int) -> Ids:
        """Multiply and select."""
        return best(self._vectors @ query, self._ids, k)

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Gather, multiply and select."""
        return best(self._vectors[candidates] @ query, candidates, k)
