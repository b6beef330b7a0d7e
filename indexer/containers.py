"""Whether a file ends before what its container announces; libsndfile reads such files silently."""

import os
from typing import BinaryIO

_UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""What programs that write to a pipe leave in a WAV header, and near these where they subtract."""
_MAX_CHUNKS = 1_000
_OGG_TAIL_BYTES = 65_536 + 27
_OGG_HEADER_BYTES = 27


def missing_bytes(file: BinaryIO) -> int:
    """Return how many bytes a RIFF or Ogg file lacks at its end, 0 where that cannot be known.

    The position in the file is moved.
    """
    file.seek(0)
    magic = file.read(4)
    if magic == b"RIFF":
        return _missing_riff(file)
    return _missing_ogg(file) if magic == b"OggS" else 0


def _missing_riff(file: BinaryIO) -> int:
    """Walk the chunks to `data` and compare its size with what is there."""
    size = file.seek(0, os.SEEK_END)
    position = 12
    for _ in range(_MAX_CHUNKS):
        if position + 8 > size:
            break
        file.seek(position)
        name, length = file.read(4), int.from_bytes(file.read(4), "little")
        position += 8
        if name == b"data":
            streamed = any(0 <= unknown - length < 4096 for unknown in _UNKNOWN_SIZES)
            return 0 if streamed else max(0, position + length - size)
        position += length + length % 2
    return 0


def _missing_ogg(file: BinaryIO) -> int:
    """Find the last page and compare its segment table with what is there."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _OGG_TAIL_BYTES))
    tail = file.read()
    start = tail.rfind(b"OggS")
    if start < 0:
        return 0
    page = tail[start:]
    if len(page) < _OGG_HEADER_BYTES:
        return _OGG_HEADER_BYTES - len(page)
    segments = page[_OGG_HEADER_BYTES : _OGG_HEADER_BYTES + page[26]]
    return max(0, _OGG_HEADER_BYTES + page[26] + sum(segments) - len(page))
