"""Files that are there as a whole or not at all."""

import ctypes
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from uuid import uuid4

from .urls import is_url, normal_url

_LEFTOVER_S = 24 * 3600.0


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its place when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_under_way(path: Path) -> bool:
    """Tell whether a process may be writing this path, by `replacing`, at present."""
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return True
    return path.name.endswith(".tmp") and age < _LEFTOVER_S


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def replace_folder(draft: Path, folder: Path) -> None:
    """Put a finished folder in the place of another, which is there as one or the other.

    Where the system cannot exchange two names in one step, none is there for a moment.
    """
    if folder.exists():
        if not _exchanged(draft, folder):
            retired = folder.with_name(f".{folder.name}.old")
            folder.rename(retired)
            draft.rename(folder)
            draft = retired
        shutil.rmtree(draft)
    else:
        draft.rename(folder)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange what two paths name, on systems and file systems that can."""
    try:
        exchange = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    status: int = exchange(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE)
    return status == 0


def erase(path: Path) -> None:
    """Delete a folder or a file, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def absolute(path: str) -> str:
    """Spell a path from the root, or a URL, without `..`, and with its links as they are."""
    return normal_url(path) if is_url(path) else os.path.normpath(Path(path).absolute())


def folder_bytes(folder: Path) -> int:
    """Sum the sizes of all files below a folder."""
    return sum(map(_file_bytes, folder.rglob("*")))


def _file_bytes(path: Path) -> int:
    """Measure a file; nothing if it is none, or was deleted meanwhile."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0
    return status.st_size if S_ISREG(status.st_mode) else 0


# Of Linux's renameat2: paths are relative to the working folder, and both names exist.
_HERE, _EXCHANGE = -100, 2
