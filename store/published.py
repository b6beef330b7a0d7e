"""Indexes at a URL, so that what one machine has built the others need not build again."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..errors import StoreError
from .files import write_text
from .partition import Built, PartitionFile, parsed, written
from .remote import Remote


class Published:
    """The index files at the URL of a store: of each partition the index, its vectors and its note.

    Vectors are named after the index that they belong to, so that of two machines that publish at
    once neither mends the other's vectors; an index that is not that of its note is not used.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def built(self, file: PartitionFile) -> Built | None:
        """Read the published note of an index, None if there is none or it is damaged."""
        try:
            return parsed(self._remote.read(self._name(file.note)).decode())
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def pull(self, file: PartitionFile, files: Collection[str]) -> bool:
        """Fetch the index of precisely these Parquet files; tell whether it is there and whole."""
        built = self.built(file)
        if built is None or built.files != tuple(files):
            return False
        try:
            if built.vectors is not None and not file.has_vectors(built):
                size = 4 * built.count * built.dimension
                self._remote.pull(self._name(file.path.with_name(built.vectors)), size)
            self._remote.pull(self._name(file.path), built.size_bytes)
        except FileNotFoundError:
            return False
        write_text(file.note, written(built))
        if file.built() is None or file.load(built) is None:
            file.remove()
            return False
        return True

    def push(self, file: PartitionFile, built: Built) -> bool:
        """Publish an index, its note last; tell whether all of it could be.

        Who may only read at the URL keeps it to this machine; so is what an addition that was cut
        off has left vectors behind of that no row may have any more.
        """
        if not file.is_full(built):
            return False
        with suppress(StoreError):
            shared = replace(built, vectors=self._push_vectors(file, built))
            self._remote.push(self._name(file.path))
            self._remote.write(self._name(file.note), written(shared).encode())
            self._remote.delete(set(self._vectors(file)) - {self._named(file, shared)})
            return True
        return False

    def withdraw(self, file: PartitionFile) -> None:
        """Delete a published index, its vectors and its note."""
        self._remote.delete(
            [self._name(file.note), self._name(file.path), *self._vectors(file)],
        )

    def retain(self, wanted: Collection[tuple[PartitionFile, Collection[str]]]) -> None:
        """Delete all that is published but the indexes of precisely these Parquet files."""
        kept: set[str | None] = set()
        for file, files in wanted:
            built = self.built(file)
            if built is not None and built.files == tuple(files):
                kept |= {self._name(file.path), self._name(file.note), self._named(file, built)}
        self._remote.delete(set(self._remote.names("index")) - kept)

    def _push_vectors(self, file: PartitionFile, built: Built) -> str | None:
        if built.vectors is None:
            return None
        source = file.path.with_name(built.vectors)
        name = f"{file.path.stem}.{built.blake2b}.vectors"
        self._remote.push(self._name(file.path.with_name(name)), source)
        return name

    def _vectors(self, file: PartitionFile) -> list[str]:
        folder, stem = self._name(file.path.parent), file.path.stem
        names = self._remote.names(folder)
        return [name for name in names if Path(name).match(f"{stem}.*.vectors")]

    def _named(self, file: PartitionFile, built: Built) -> str | None:
        """Name the published vectors of an index."""
        return built.vectors and self._name(file.path.with_name(built.vectors))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._remote.folder).as_posix()
