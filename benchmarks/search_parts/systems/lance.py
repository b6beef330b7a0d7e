"""LanceDB: a table on disk, groups by a filter before the search, all by its own index."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..speakers import Floats, Ids
from ..task import Task
from .base import System

_RESCORED = 10


class Lance(System):
    """`IVF_PQ` with refinement, and a B-tree of the ids."""

    needs = "lancedb"
    efforts = (16, 32, 64, 128, 256, 512, 1024)

    def build(self, task: Task, folder: Path) -> None:
        """Write the rows, index vectors and ids."""
        import lancedb

        schema = pa.schema(
            [("id", pa.int64()), ("vector", pa.list_(pa.float32(), task.vectors.shape[1]))]
        )
        table = lancedb.connect(folder).create_table("rows", _batches(task, schema), schema=schema)
        table.create_index(
            metric="dot",
            index_type="IVF_PQ",
            num_partitions=int(4 * len(task.vectors) ** 0.5),
            num_sub_vectors=task.vectors.shape[1] // 2,
        )
        table.create_scalar_index("id")

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Open the table; its threads are set by the environment."""
        import lancedb

        self._table = lancedb.connect(folder).open_table("rows")
        self.set_effort(self.efforts[0])

    def set_effort(self, effort: int) -> None:
        """Probe so many lists."""
        self._probes = effort

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search the index and refine."""
        asked: Any = (
            self._table.search(query).distance_type("dot").limit(k).select(["id", "_distance"])
        )
        return _ids(asked.nprobes(self._probes).refine_factor(_RESCORED))

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Filter, then compare the rows that are left, without the index."""
        listed = ", ".join(map(str, candidates.tolist()))
        asked: Any = (
            self._table.search(query).distance_type("dot").limit(k).select(["id", "_distance"])
        )
        return _ids(asked.where(f"id IN ({listed})", prefilter=True).bypass_vector_index())


def _ids(asked: Any) -> Ids:
    found: Ids = asked.to_arrow()["id"].to_numpy()
    return found


def _batches(task: Task, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for block in task.blocks():
        flat = pa.array(np.ascontiguousarray(task.vectors[block]).ravel())
        vectors = pa.FixedSizeListArray.from_arrays(flat, task.vectors.shape[1])
        yield pa.record_batch([pa.array(np.arange(block.start, block.stop)), vectors], schema)
