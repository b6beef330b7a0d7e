"""One file to what the encoder needs of it: windows, and what is measured on the way."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from ..errors import AudioError
from ..store.schema import Acoustics, FileStamp, Seconds, Vector
from .acoustics import measure, merge
from .audio import RATE_HZ, is_silent, open_file, open_source, windows
from .reasons import Reason

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a file to embed: float32 (samples,) at 16 kHz."""

    waveform: Vector

    @property
    def seconds(self) -> Seconds:
        """How long it lasts, its weight in the file's embedding."""
        return len(self.waveform) / RATE_HZ


@dataclass(frozen=True, slots=True)
class Known:
    """The end of a file whose content is embedded already, here or elsewhere."""

    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Measured:
    """The end of a file whose windows have all been given."""

    stamp: FileStamp
    acoustics: Acoustics


Step = Window | Known | Measured


def decode(path: Path, claim: Callable[[str], bool]) -> Iterator[Step]:
    """Read a file step by step: its windows and `Measured`, or `Known` alone.

    Silent windows are left out, so that they do not blur the embedding. At most two minutes of
    audio are held at a time.

    Parameters
    ----------
    path : the file
    claim : asked with the content's hash whether this content is still to be embedded

    Raises
    ------
    AudioError
        The file holds no usable audio; `reason` is a `Reason`.
    """
    with open_file(path) as file:
        stamp = _stamp(file)
        if not claim(stamp.content_hash):
            yield Known(stamp)
            return
        measured, silent = [], True
        with closing(open_source(path, file)) as source:
            for waveform in windows(source):
                measured.append(measure(waveform, source.rate_hz))
                if not is_silent(waveform):
                    silent = False
                    yield Window(waveform)
    if silent:
        raise AudioError(Reason.SILENT, "no sound above -80 dB of full scale")
    yield Measured(stamp, merge(measured))


def modified_at(status: os.stat_result) -> datetime:
    """Return when a file was last changed: UTC, whole microseconds, 1970 if out of range."""
    try:
        return _EPOCH + timedelta(microseconds=status.st_mtime_ns // 1_000)
    except OverflowError:
        return _EPOCH


def _stamp(file: BinaryIO) -> FileStamp:
    """Hash an open file, and leave it at its start."""
    status = os.fstat(file.fileno())
    digest = hashlib.blake2b(digest_size=16)
    try:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, error.strerror or str(error)) from error
    file.seek(0)
    return FileStamp(status.st_size, modified_at(status), digest.hexdigest())
