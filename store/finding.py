"""Find rows by id: through a map of their places, which is derived and made again when stale."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from .locks import Locks
from .places import DamagedPlacesError, Places, joined
from .reading import Snapshot, read_errors, trusted

Answer = TypeVar("Answer")

NAME = "places"
SMALLEST_BYTES = 8 << 20
"""Of a smaller table, all rows are read as fast as a map of them is."""


class Finder:
    """The places of the rows of one table, at the version that is asked for.

    The map in the file is that of one version, told by the names of its data files. It is only
    written while nobody erases rows, and goes with them: ids are hashes of paths.

    Parameters
    ----------
    path : of the file
    newest : tells the newest version of the table
    fetched : makes sure that the files of a snapshot are there
    """

    def __init__(
        self,
        path: Path,
        locks: Locks,
        newest: Callable[[], int],
        fetched: Callable[[Snapshot], Snapshot],
    ) -> None:
        self._path = path
        self._locks = locks
        self._newest = newest
        self._fetched = fetched
        self._known: Places | None = None

    def ask(self, snapshot: Snapshot, question: Callable[[Places], Answer]) -> Answer | None:
        """Answer from the map of a version; None where there is none.

        That is for a small table, for one that has an id twice, and where files are damaged.
        """
        if sum(file.size_bytes for file in snapshot.files) < SMALLEST_BYTES:
            return None
        places = self._places(snapshot)
        try:
            return None if places is None else question(places)
        except DamagedPlacesError:
            self._known = self._made(snapshot)
            return None if self._known is None else question(self._known)

    def _places(self, snapshot: Snapshot) -> Places | None:
        names = _names(snapshot)
        known = self._known
        if known is None or known.files != names:
            known = Places.read(self._path)
            if known is None or known.files != names:
                known = self._made(snapshot)
            self._known = known
        return known

    def _made(self, snapshot: Snapshot) -> Places | None:
        """Read where all rows are; None where that fails, as a reading of the rows will tell."""
        try:
            made = _read(self._fetched(snapshot))
        except read_errors():
            return None
        if made is not None:
            self._keep(made, snapshot.version)
        return made

    def _keep(self, places: Places, version: int) -> None:
        """Write the map of the newest version; a store that cannot be written stays without."""
        with contextlib.suppress(OSError), self._locks.idle(NAME) as may_write:
            if may_write and self._newest() == version:
                places.write(self._path)


def _read(snapshot: Snapshot) -> Places | None:
    with trusted("rows", snapshot, places=True) as connection:
        found = connection.sql("SELECT id, file_index, file_row_number FROM rows").to_arrow_table()
        roots = connection.sql("SELECT DISTINCT root FROM rows ORDER BY root").fetchall()
    ids, files, rows = (column.cast(pa.int64()).to_numpy() for column in found.columns)
    return Places.of(_names(snapshot), [root for (root,) in roots], ids, joined(files, rows))


def _names(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(Path(file.path).name for file in snapshot.files)
