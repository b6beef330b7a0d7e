"""Milvus Lite: a collection in a file, groups by a filter of the ids."""

from pathlib import Path
from typing import Any

import numpy as np

from ..speakers import Floats, Ids
from ..task import Task
from .base import System

_ROWS_A_CALL = 5_000


class Milvus(System):
    """Its `IVF_FLAT` index."""

    needs = "milvus_lite"
    efforts = (16, 32, 64, 128, 256, 512, 1024)

    def build(self, task: Task, folder: Path) -> None:
        """Insert the rows, then index them."""
        count, dimension = task.vectors.shape
        client = _client(folder)
        client.create_collection("rows", schema=_schema(dimension))
        for start in range(0, count, _ROWS_A_CALL):
            vectors = np.array(task.vectors[start : start + _ROWS_A_CALL])
            client.insert("rows", [{"id": start + i, "vector": v} for i, v in enumerate(vectors)])
        asked = client.prepare_index_params()
        asked.add_index(
            "vector",
            index_type="IVF_FLAT",
            metric_type="IP",
            params={"nlist": int(4 * count**0.5)},
        )
        client.flush("rows")
        client.create_index("rows", asked)
        client.close()

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Open the collection."""
        self._client = _client(folder)
        self._client.load_collection("rows")
        self.set_effort(self.efforts[0])

    def set_effort(self, effort: int) -> None:
        """Probe so many lists."""
        self._params = {"metric_type": "IP", "params": {"nprobe": effort}}

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search the index."""
        return self._search(query, k)

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search with a filter."""
        return self._search(query, k, filter=f"id in {candidates.tolist()}")

    def _search(self, query: Floats, k: int, **asked: Any) -> Ids:
        found = self._client.search(
            "rows", [query.tolist()], limit=k, search_params=self._params, **asked
        )[0]
        return np.array([hit["id"] for hit in found], np.int64)


def _schema(dimension: int) -> Any:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    return schema


def _client(folder: Path) -> Any:
    from pymilvus import MilvusClient

    return MilvusClient(str(folder / "rows.db"))
