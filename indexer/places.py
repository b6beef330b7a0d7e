"""Where audio lies: a folder of this machine, or a URL; paths in either are relative to a root."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Protocol

from ..errors import ManifestError
from ..store.urls import is_url
from .formats import SUFFIXES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Unreadable = Callable[[str, str], None]
"""Told the path of a folder that cannot be listed, and why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listing says of a file: its size, and its time (UTC, microseconds)."""

    size_bytes: int
    modified_at: datetime


class Place(Protocol):
    """Where the audio of one `root` lies; all paths are relative to it, in POSIX form.

    Attributes
    ----------
    root : as rows have it: the real path of a folder, or a URL
    spellings : beginnings of full paths that are under the root
    """

    root: str
    spellings: tuple[str, ...]

    def audio(self, unreadable: Unreadable) -> Iterator[str]:
        """Yield the paths of all audio files, in any order, hidden ones left out."""
        ...

    def lists(self, names: Collection[str]) -> AbstractContextManager[Path]:
        """Give a folder that has those of the files with these names that lie at the root."""
        ...

    def joined(self, base: str, path: str) -> str:
        """Spell a path in full, relative to a base unless it is full already."""
        ...

    def is_there(self, full: str) -> bool:
        """Tell whether there is anything at a full path."""
        ...

    def at(self, path: str) -> Path | str:
        """Spell the full path of a file as the user spells the place."""
        ...

    def seen(self, path: str) -> Seen | None:
        """Return the size and time of a file, None if there is none that can be seen."""
        ...

    def is_gone(self, path: str) -> bool:
        """Tell whether a file is certainly not there any more.

        Raises
        ------
        OSError
            That cannot be told.
        """
        ...

    def file(self, path: str) -> AbstractContextManager[Path]:
        """Give a file of this machine that has the content, the suffix and the time of a path.

        Raises
        ------
        AudioError
            It cannot be fetched.
        """
        ...


def place_of(given: Path | str) -> Place:
    """Return a folder, or what lies at a URL; nothing is asked of it yet."""
    if isinstance(given, str) and is_url(given):
        from .remote import Remote

        return Remote(given)
    return Folder(Path(given))


def audio_file(root: str, path: str) -> AbstractContextManager[Path]:
    """Give a file of this machine with the content of a recording, see `Place.file`."""
    return place_of(root).file(path) if is_url(root) else nullcontext(Path(root, path))


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.root = str(path.resolve())
        self.spellings: tuple[str, ...] = (self.root, os.path.normpath(path.absolute()))

    def check(self) -> None:
        """Refuse what is no folder, and a name that no row can hold.

        Raises
        ------
        ManifestError
            It is one of these.
        """
        if not self._path.is_dir():
            raise ManifestError(f"expected a folder of audio, got {self._path}; check the path")
        try:
            self.root.encode()
        except UnicodeEncodeError as error:
            raise ManifestError(
                f"expected a folder name in UTF-8, got {self._path!a}; rename it"
            ) from error

    def audio(self, unreadable: Unreadable) -> Iterator[str]:
        """Walk the folder, links followed once."""
        top = self._path

        def note(error: OSError) -> None:
            if error.filename == str(top):
                raise ManifestError(f"cannot read {top}: {error.strerror}") from error
            folder = Path(error.filename).relative_to(top).as_posix()
            unreadable(folder, str(error.strerror))

        seen: set[str] = set()
        for folder, folders, files in os.walk(top, onerror=note, followlinks=True):
            real = os.path.realpath(folder)
            folders[:] = [] if real in seen else [name for name in folders if name[0] != "."]
            if real not in seen:
                seen.add(real)
                for name in filter(is_audio, files):
                    yield Path(folder, name).relative_to(top).as_posix()

    def lists(self, names: Collection[str]) -> AbstractContextManager[Path]:  # noqa: ARG002
        """Give the folder itself."""
        return nullcontext(self._path)

    def joined(self, base: str, path: str) -> str:
        """Join as paths are; a URL is left as it is, and lies elsewhere."""
        return path if is_url(path) else os.path.normpath(os.path.join(base, path))  # noqa: PTH118

    def is_there(self, full: str) -> bool:
        """Ask the file system."""
        return os.path.exists(full)  # noqa: PTH110

    def at(self, path: str) -> Path:
        """Join as the folder was given."""
        return self._path / path

    def seen(self, path: str) -> Seen | None:
        """Ask the file system."""
        try:
            status = Path(self.root, path).stat()
        except (OSError, ValueError):
            return None
        return Seen(status.st_size, modified_at(status))

    def is_gone(self, path: str) -> bool:
        """Ask the file system; what may not be looked at is there."""
        return not Path(self.root, path).exists()

    def file(self, path: str) -> AbstractContextManager[Path]:
        """Give the file itself."""
        return nullcontext(Path(self.root, path))


def is_audio(name: str) -> bool:
    """Tell whether a file is looked at, by its name."""
    return name[0] != "." and PurePosixPath(name).suffix.lower() in SUFFIXES


def modified_at(status: os.stat_result) -> datetime:
    """Return when a file was last changed: UTC, whole microseconds, 1970 if out of range."""
    try:
        return _EPOCH + timedelta(microseconds=status.st_mtime_ns // 1_000)
    except OverflowError:
        return _EPOCH
