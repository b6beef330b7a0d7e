"""One file to what the encoder needs of it: windows, and what is measured on the way."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import AudioError
from ..store.schema import Acoustics, FileStamp
from .acoustics import measure, merge
from .audio import is_silent, open_file, open_source, windows
from .extraction import Extraction
from .pieces import Piece, pieces
from .places import modified_at
from .reasons import Reason

NO_OPTIONS = Extraction()
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """The end of a file whose content is embedded already, here or elsewhere."""

    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a file once it has been read."""

    stamp: FileStamp
    acoustics: Acoustics


@dataclass(frozen=True, slots=True)
class Decoded:
    """A piece of a file to embed; the last one carries what was measured on the whole file."""

    piece: Piece
    end: Measured | None = None


Step = Decoded | Known


def decode(
    path: Path, claim: Callable[[str], bool], options: Extraction = NO_OPTIONS
) -> Iterator[Step]:
    """Read a file step by step: the pieces to embed, or `Known` alone.

    Silent windows are left out, so that they do not blur the embedding. At most two minutes of
    audio are held at a time. The acoustics are those of the original audio, whatever the options.

    Parameters
    ----------
    path : the file
    claim : asked with the content's hash whether this content is still to be embedded
    options : what is done to the audio before it is embedded

    Raises
    ------
    AudioError
        The file holds no usable audio; `reason` is a `Reason`.
    OptionalDependencyError
        An option needs a package that is not installed.
    """
    with open_file(path) as file:
        stamp = _stamp(file)
        if not claim(stamp.content_hash):
            yield Known(stamp)
            return
        measured, silent = [], True
        last: Piece | None = None
        with closing(open_source(path, file)) as source:
            for waveform in windows(source):
                measured.append(measure(waveform, source.rate_hz))
                silent = silent and is_silent(waveform)
                for piece in pieces(waveform, options):
                    if last is not None:
                        yield Decoded(last)
                    last = piece
    if last is None:
        raise _nothing_heard(silent)
    yield Decoded(last, Measured(stamp, merge(measured)))


def _nothing_heard(silent: bool) -> AudioError:
    if silent:
        return AudioError(Reason.SILENT, "no sound above -80 dB of full scale")
    return AudioError(Reason.NO_SPEECH, "sound, but no speech of a quarter of a second or more")


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
