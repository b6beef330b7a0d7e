"""Where the rows of a table are: a map from ids to Parquet files and row numbers, kept in a file.

Ids are hashes, so that no statistics tell which files can be passed over. The map is two arrays,
the ids rising and the places beside them, in blocks; of the file, which is mapped into memory,
a look-up reads a few blocks and compares each with its checksum.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .files import replacing

Numbers = npt.NDArray[np.int64]

_FORMAT = 1
_ROWS_A_BLOCK = 1_024
_ROW_BITS = 32
_TAIL = struct.Struct("<QI")


class DamagedPlacesError(Exception):
    """A block of the file is not what was written."""


@dataclass(frozen=True, slots=True)
class Found:
    """Ids that are stored, rising, and where: each int64 (n,).

    Parameters
    ----------
    files : numbers of `Places.files`
    rows : numbers within the file
    """

    ids: Numbers
    files: Numbers
    rows: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of all rows of some Parquet files.

    Parameters
    ----------
    files : their names, which no other file ever has
    roots : every root of the rows
    table : int64 (2, n), ids rising, and beside each its file's number and its row in one number
    fences : int64 (blocks,), the first id of each block
    sums : CRC-32 of each block
    """

    files: tuple[str, ...]
    roots: tuple[str, ...]
    table: Numbers
    fences: Numbers
    sums: Sequence[int]

    @classmethod
    def of(
        cls, files: Sequence[str], roots: Sequence[str], ids: Numbers, where: Numbers
    ) -> Self | None:
        """Make the map of rows in any order; None if an id is there twice.

        Parameters
        ----------
        ids : int64 (n,)
        where : int64 (n,), from `joined`
        """
        order = np.argsort(ids)
        table = np.stack([ids[order], where[order]])
        if np.any(table[0, 1:] == table[0, :-1]):
            return None
        sums = [_crc(table[:, block]) for block in _blocks(len(ids))]
        return cls(tuple(files), tuple(roots), table, table[0, ::_ROWS_A_BLOCK].copy(), sums)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Map a file into memory; None if it is lost or damaged. Its blocks are checked later."""
        try:
            with path.open("rb") as file:
                head, rows = _head(file)
            table = np.memmap(path, "<i8", "r", shape=(2, rows))
        except (OSError, ValueError, TypeError, KeyError, struct.error):
            return None
        fences = np.array(head["fences"], np.int64)
        return cls(tuple(head["files"]), tuple(head["roots"]), table, fences, head["sums"])

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        head = {
            "format": _FORMAT,
            "rows": self.table.shape[1],
            "files": self.files,
            "roots": self.roots,
            "fences": self.fences.tolist(),
            "sums": list(self.sums),
        }
        text = json.dumps(head).encode()
        with replacing(path) as draft, draft.open("wb") as file:
            file.write(np.ascontiguousarray(self.table, "<i8").data)
            file.write(text)
            file.write(_TAIL.pack(len(text), zlib.crc32(text)))

    def find(self, ids: Numbers) -> Found:
        """Find the ids that are stored, each once.

        Raises
        ------
        DamagedPlacesError
            The file was changed after it was written.
        """
        wanted = np.unique(ids)
        block_of = np.searchsorted(self.fences, wanted, side="right") - 1
        found = [np.empty((2, 0), np.int64)]
        for block in np.unique(block_of).tolist():
            if block >= 0:
                part = self._block(block)
                asked = wanted[slice(*np.searchsorted(block_of, [block, block + 1]))]
                at = np.searchsorted(part[0], asked).clip(max=part.shape[1] - 1)
                found.append(part[:, at[part[0, at] == asked]])
        every, where = np.concatenate(found, axis=1)
        return Found(every, where >> _ROW_BITS, where & (2**_ROW_BITS - 1))

    def _block(self, number: int) -> Numbers:
        start = number * _ROWS_A_BLOCK
        part = np.array(self.table[:, start : start + _ROWS_A_BLOCK])
        if _crc(part) != self.sums[number]:
            raise DamagedPlacesError
        return part


def joined(files: Numbers, rows: Numbers) -> Numbers:
    """Join the numbers of files and rows, each int64 (n,), into one number a row."""
    return (files << _ROW_BITS) | rows


def _head(file: Any) -> tuple[dict[str, Any], int]:
    """Read what the end of the file says of it, and how many rows it has."""
    end = file.seek(-_TAIL.size, 2)
    length, crc = _TAIL.unpack(file.read())
    text = b"" if length > end else _last(file, end, length)
    if zlib.crc32(text) != crc:
        raise ValueError("damaged")
    head = json.loads(text)
    rows = int(head["rows"])
    if head["format"] != _FORMAT or end != 16 * rows + length or not rows:
        raise ValueError("another format")
    return head, rows


def _last(file: Any, end: int, length: int) -> bytes:
    file.seek(end - length)
    data: bytes = file.read(length)
    return data


def _blocks(rows: int) -> Iterator[slice]:
    for start in range(0, rows, _ROWS_A_BLOCK):
        yield slice(start, start + _ROWS_A_BLOCK)


def _crc(part: Numbers) -> int:
    return zlib.crc32(np.ascontiguousarray(part, "<i8").data)
