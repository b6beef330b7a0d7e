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
        opening = gzip.open if path.suffix.lower() == GZIP_SUFFIX else open
        with opening(path, "rb") as raw, _decoded(raw) as text:
            yield text
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ManifestError(f"cannot read the manifest {path}: {reason}") from error


def _decoded(raw: Any) -> TextIO:
    return TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
