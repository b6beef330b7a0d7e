"""The Parquet files of a table at a URL, and the copies of them that are read."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .reading import DataFile
from .remote import Remote

UNNAMED_FILES_KEPT = timedelta(days=1)
"""How long a file at a URL is kept that no version names: longer than any writer takes."""


class Copies:
    """Copies of the files of one table, in a folder on this machine. A file never changes.

    Parameters
    ----------
    folder : of the copies; its name is the table's at the URL
    """

    def __init__(self, remote: Remote, folder: Path) -> None:
        self._remote = remote
        self._folder = folder
        self.url = remote.url_of(folder.name)
        self.options = remote.table_options

    def fetch(self, files: Sequence[DataFile]) -> None:
        """Copy those that are not here, several at a time.

        Raises
        ------
        FileNotFoundError
            One is not there any more; the others are copied.
        StoreError
            The URL cannot be read.
        """
        lacking = [file for file in files if not _has_size(Path(file.path), file.size_bytes)]
        self._remote.pull_all({self._name(file): file.size_bytes for file in lacking})

    def renew(self, file: DataFile) -> bool:
        """Copy a file again, since its copy may be damaged; tell whether it is there."""
        try:
            self._remote.pull(self._name(file), file.size_bytes)
        except FileNotFoundError:
            return False
        return True

    def lost(self, files: Sequence[DataFile]) -> list[DataFile]:
        """List those that are not at the URL, or are of another size there."""
        sizes = self._remote.sizes(self._folder.name)
        return [file for file in files if sizes.get(self._name(file)) != file.size_bytes]

    def restore(self, file: DataFile) -> None:
        """Write a copy to the URL, where the file was lost."""
        self._remote.push(self._name(file))

    def delete(self, file: DataFile) -> None:
        """Delete a file at the URL."""
        self._remote.delete([self._name(file)])

    def set_aside(self, target: str) -> None:
        """Move all that is there of the table to another folder below the store's URL."""
        for name in self._remote.names(self._folder.name):
            self._remote.move(name, f"{target}/{name}")

    def purge(self, files: Sequence[DataFile]) -> None:
        """Delete at the URL what writers that were killed left there, once it is old enough.

        Checkpoints stay: another machine may be about to read one.

        Parameters
        ----------
        files : of the newest version, asked for now
        """
        found = set(self._remote.names(self._folder.name))
        log = f"{self._folder.name}/_delta_log/"
        unnamed = {name for name in found - self._names(files) if not name.startswith(log)}
        oldest = datetime.now(UTC) - UNNAMED_FILES_KEPT
        self._remote.delete([name for name in unnamed if self._remote.modified(name) < oldest])

    def _names(self, files: Collection[DataFile]) -> set[str]:
        return {self._name(file) for file in files}

    def _name(self, file: DataFile) -> str:
        return Path(file.path).relative_to(self._folder.parent).as_posix()


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False
