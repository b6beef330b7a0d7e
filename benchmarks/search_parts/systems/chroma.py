"""Chroma: a collection on disk, groups by their ids."""

from pathlib import Path
from typing import Any

import numpy as np

from ..speakers import Floats, Ids
from ..task import Task
from .base import System

_ROWS_A_CALL = 5_000
_GRAPH = {"space": "ip", "ef_construction": 200, "max_neighbors": 32, "ef_search": 512}


class Chroma(System):
    """A graph; how many candidates it keeps is set when the collection is made."""

    needs = "chromadb"

    def build(self, task: Task, folder: Path) -> None:
        """Add the rows, a few thousand a call."""
        made = _client(folder).create_collection("rows", configuration={"hnsw": _GRAPH})
        for start in range(0, len(task.vectors), _ROWS_A_CALL):
            vectors = np.array(task.vectors[start : start + _ROWS_A_CALL])
            made.add([str(start + row) for row in range(len(vectors))], embeddings=vectors)

    def open(self, task: Task, folder: Path, threads: int) -> None:  # noqa: ARG002
        """Open the collection."""
        self._rows = _client(folder).get_collection("rows")

    def nearest(self, query: Floats, k: int) -> Ids:
        """Search the graph."""
        return _ids(self._rows.query(query[None], n_results=k, include=[]))

    def among(self, query: Floats, candidates: Ids, k: int) -> Ids:
        """Search among ids."""
        names = list(map(str, candidates.tolist()))
        return _ids(self._rows.query(query[None], n_results=k, ids=names, include=[]))


def _ids(answer: Any) -> Ids:
    return np.array(answer["ids"][0], np.int64)


def _client(folder: Path) -> Any:
    import chromadb

    settings = chromadb.Settings(anonymized_telemetry=False)
    return chromadb.PersistentClient(str(folder), settings)
