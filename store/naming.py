"""Find stored rows by what names them, which is what their ids are made of."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .delta import DeltaFolder
from .finding import Finder
from .places import Places
from .schema import recording_id


@dataclass(frozen=True, slots=True)
class Named:
    """What names a stored row."""

    id: int
    root: str
    path: str

    @property
    def full(self) -> str:
        """The whole path."""
        return f"{self.root.rstrip('/')}/{self.path}"


class Naming:
    """What names the rows of the newest version of a table."""

    def __init__(self, delta: DeltaFolder, finder: Finder) -> None:
        self._delta = delta
        self._finder = finder
        self._snapshot = delta.snapshot()

    def ids(self, ids: Collection[int]) -> set[int]:
        """Tell which ids are stored."""
        if not ids:
            return set()
        wanted = pa.array(ids, pa.int64())
        known = self._finder.ask(self._snapshot, lambda places: places.find(wanted.to_numpy()).ids)
        if known is not None:
            return set(known.tolist())
        return set(self._delta.read(["id"], among={"id": wanted})["id"].to_pylist())

    def paths(self, paths: Collection[str]) -> list[Named]:
        """Find the rows of stored paths, under whatever root, sorted by id."""

        def possible(roots: Sequence[str]) -> list[Named]:
            return [_named(root, path) for root in roots for path in paths]

        return self._rows("path", paths, possible)

    def files(self, files: Collection[str]) -> list[Named]:
        """Find the rows of files by their whole paths, sorted by id."""

        def possible(roots: Sequence[str]) -> list[Named]:
            folders = [(root, f"{root.rstrip('/')}/") for root in roots]
            return [
                _named(root, file.removeprefix(folder))
                for root, folder in folders
                for file in files
                if file.startswith(folder)
            ]

        return self._rows("rtrim(root, '/') || '/' || path", files, possible)

    def _rows(
        self,
        key: str,
        values: Collection[str],
        possible: Callable[[Sequence[str]], list[Named]],
    ) -> list[Named]:
        if not values:
            return []

        def among(places: Places) -> list[Named]:
            rows = {row.id: row for row in possible(places.roots)}
            found = places.find(np.array([*rows], np.int64)).ids
            return [rows[id_] for id_ in found.tolist()]

        known = self._finder.ask(self._snapshot, among)
        if known is not None:
            return known
        wanted = {key: pa.array(values, pa.string())}
        read = self._delta.read(["id", "root", "path"], among=wanted)
        return [Named(**row) for row in read.to_pylist()]


def _named(root: str, path: str) -> Named:
    return Named(recording_id(root, path), root, path)
