"""Manifests as text: plain or gzipped, with a byte order mark or without."""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from ...errors import ManifestError

GZIP_SUFFIX = ".gz"
MOST_UNZIPPED = 64 << 20
MOST_RATIO = 100
"""A text may unzip to 64 MiB, and to more as long as that is at most 100 times what is zipped."""
MOST_LINE_BYTES = 16 << 20


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
        zipped = path.suffix.lower() == GZIP_SUFFIX
        most = max(MOST_UNZIPPED, MOST_RATIO * path.stat().st_size) if zipped else math.inf
        with (gzip.open if zipped else open)(path, "rb") as raw, _decoded(raw, most) as text:
            yield text
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ManifestError(f"cannot read the manifest {path}: {reason}") from error


class _Bounded(BufferedIOBase):
    """Bytes of a text that end in an error where one line, or all of them, are too many."""

    def __init__(self, raw: Any, most: float) -> None:
        self._raw = raw
        self._left = most
        self._line = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read1(self, size: int = -1) -> bytes:
        """Read what one step gives."""
        data: bytes = self._raw.read1(size)
        self._left -= len(data)
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._line = len(data) - end - 1 + (self._line if end < 0 else 0)
        if self._left < 0:
            raise OSError(f"it unzips to more than {MOST_RATIO} times its size; unzip it first")
        if self._line > MOST_LINE_BYTES:
            raise OSError(f"a line of more than {MOST_LINE_BYTES} bytes; is it a text?")
        return data


def _decoded(raw: Any, most: float) -> TextIO:
    bounded: Any = _Bounded(raw, most)
    return TextIOWrapper(bounded, encoding="utf-8-sig", errors="surrogateescape", newline="")
