"""Manifests as text: plain or gzipped, with a byte order mark or without."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from ...errors import ManifestError

GZIP_SUFFIX = ".gz"
MOST_UNZIPPED = 64 << 20
MOST_RATIO = 100
"""A text may unzip to 64 MiB, and to more as long as that is at most 100 times what is zipped."""
MOST_CHARACTERS = 16 << 20
"""Of one line."""


def suffix_of(path: Path) -> str:
    """Return the suffix that tells the form, in lower case: `.csv` of `tags.csv.gz`."""
    name = path.name.lower().removesuffix(GZIP_SUFFIX)
    return Path(name).suffix


@contextmanager
def opened_text(path: Path) -> Iterator[TextIO]:
    """Open a text, unzipped if its name ends in `.gz`; what is not UTF-8 becomes surrogates.

    Raises
    ------
    ManifestError
        The file cannot be opened or unzipped, now or while it is read.
    """
    try:
        opening = _Unzipped if path.suffix.lower() == GZIP_SUFFIX else open
        with opening(path, "rb") as raw, _Lines(raw) as text:
            yield text
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ManifestError(f"cannot read the manifest {path}: {reason}") from error


class _Unzipped(gzip.GzipFile):
    """Ends where a small file unzips to a huge one."""

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path, mode)
        self._left = max(MOST_UNZIPPED, MOST_RATIO * path.stat().st_size)

    def read1(self, size: int = -1) -> bytes:
        """Read what the next step of unzipping gives."""
        data: bytes = super().read1(size)
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"it unzips to more than {MOST_RATIO} times its size; unzip it yourself")
        return data


class _Lines(TextIOWrapper):
    """Lines of bounded length."""

    def __init__(self, raw: Any) -> None:
        super().__init__(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")

    def __next__(self) -> str:
        line = self.readline(MOST_CHARACTERS + 1)
        if len(line) > MOST_CHARACTERS:
            raise OSError(f"a line of more than {MOST_CHARACTERS} characters; is it a text?")
        if not line:
            raise StopIteration
        return line
