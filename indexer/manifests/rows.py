"""What every form of manifest gives: rows of plain strings, and rows that cannot be used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...store.schema import TagSource
from ..reasons import Reason


@dataclass(frozen=True, slots=True)
class Row:
    """A named file and its tags as written.

    Parameters
    ----------
    path : as the manifest writes it
    where : where the row stands, for messages
    tags, extra : the columns that are known, and the others
    source : where the tags come from
    listed : those of the tags that a list beside the folders gives, whatever `source` is
    doubt : what the manifest leaves open about the row, if anything, in plain words
    """

    path: str
    where: str
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    source: TagSource = TagSource.MANIFEST
    listed: frozenset[str] = frozenset()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that names no usable file: `path` is its file where it has one, else `where`."""

    path: str
    reason: Reason
    detail: str


Rows = Iterator[Row | BadRow]


def bad_row(where: str, detail: str) -> BadRow:
    """Build the failure of a row that names no file."""
    return BadRow(where, Reason.BAD_ROW, f"{where}: {detail}")


def is_utf8(text: str) -> bool:
    """Tell whether a string, maybe decoded with surrogates, can be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str) -> str:
    """Return a text that any table can hold: what is not UTF-8 becomes an escape."""
    return text.encode("utf-8", "backslashreplace").decode()
