"""The newest version of a table, remembered while no commit follows it."""

from collections.abc import Callable
from pathlib import Path

Commit = tuple[int, int, int]


class Newest:
    """Tells the newest version of a Delta log; in a folder, two looks at it tell that it stayed.

    Commits are numbered files, and none is ever removed (see `delta`).

    Parameters
    ----------
    log : the folder of the log; where it is elsewhere, the table is asked every time
    ask : opens the table, and tells its version
    """

    def __init__(self, log: Path, ask: Callable[[], int]) -> None:
        self._log = log
        self._ask = ask
        self._known: tuple[int, Commit] | None = None

    def version(self) -> int:
        """Return the number of the newest commit."""
        known = self._known
        if known is not None:
            version, commit = known
            if self._commit(version + 1) is None and self._commit(version) == commit:
                return version
        version = self._ask()
        found = self._commit(version)
        self._known = None if found is None else (version, found)
        return version

    def _commit(self, version: int) -> Commit | None:
        """Tell the file of a commit from any other; None where there is none."""
        try:
            status = (self._log / f"{version:020}.json").stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns
