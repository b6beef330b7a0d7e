"""Recordings for the ear and the eye: files a browser plays, and spectrograms."""

from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from ..errors import UnknownRecordingError
from ..indexer.audio import RATE_HZ, open_file, open_source, windows
from ..store.files import absolute
from ..store.schema import Seconds, Vector
from ..store.urls import is_url
from .caching import Cache
from .spectrogram import draw
from .uploads import Uploads

PLAYED_S: Seconds = 300.0
"""How much is transcoded of what browsers do not play."""
DRAWN_S: Seconds = 60.0

_TYPES = {
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".webm": "audio/webm",
}
_PLAYED_CONTAINERS = {"WAV", "WAVEX"}
_PLAYED_SAMPLES = {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"}
_PICTURES, _TRANSCODED = 256, 32


@dataclass(frozen=True, slots=True)
class Sound:
    """A file that a browser plays, and its media type."""

    path: Path
    media_type: str


class Hearing:
    """Plays and draws files; what is made of them is kept beside the uploads and in memory."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._made: Cache[Path] = Cache(_TRANSCODED, _delete, Path.is_file)
        self._drawn: Cache[bytes] = Cache(_PICTURES)

    def sound(self, path: Path) -> Sound:
        """Return a file as a browser plays it: itself, or at most five minutes of it as WAV.

        Raises
        ------
        AudioError
            It holds no usable audio.
        """
        media_type = _media_type(path)
        if media_type is not None:
            return Sound(path, media_type)
        made = self._made.get(_stamp(path), lambda: self._transcode(path))
        return Sound(made, "audio/wav")

    def spectrogram(self, path: Path, axes: bool = True) -> bytes:
        """Draw the first minute of a file: a PNG, with axes or bare.

        Raises
        ------
        AudioError
            It holds no usable audio.
        """
        key = f"{_stamp(path)} {axes}"
        return self._drawn.get(key, lambda: draw(beginning(path, DRAWN_S), RATE_HZ, axes))

    def _transcode(self, path: Path) -> Path:
        import soundfile

        waveform = beginning(path, PLAYED_S)
        made = self._uploads.beside(path)
        soundfile.write(made, waveform, RATE_HZ, subtype="PCM_16")
        return made


def file_of(root: str, path: str) -> Path:
    """Return the file of a stored recording, which lies within its root and is there.

    Links are followed wherever they lead: they were there when the folder was indexed.

    Raises
    ------
    UnknownRecordingError
        It is not there any more, or is at a URL.
    """
    if is_url(root):
        raise UnknownRecordingError(
            f"expected the audio of {path} in a folder, it is at {root}, which is not played here"
        )
    if not is_there(root, path):
        raise UnknownRecordingError(
            f"expected the audio of {path} in its folder, it is not there any more"
        )
    return Path(absolute(f"{root}/{path}"))


def is_there(root: str, path: str) -> bool:
    """Tell whether the file of a stored recording is there, and lies within its root."""
    file = Path(absolute(f"{root}/{path}"))
    return file.is_relative_to(absolute(root)) and file.is_file()


def beginning(path: Path, most_s: Seconds) -> Vector:
    """Decode the beginning of a file: float32 (samples,) at 16 kHz.

    Raises
    ------
    AudioError
        It holds no usable audio.
    """
    parts: list[Vector] = []
    left = round(most_s * RATE_HZ)
    with open_file(path) as file, closing(open_source(path, file)) as source:
        for window in windows(source):
            parts.append(window[:left])
            left -= len(window)
            if left <= 0:
                break
    return np.concatenate(parts)


def _media_type(path: Path) -> str | None:
    """Return the media type of what browsers play, None for all else."""
    if path.suffix.lower() == ".wav":
        return "audio/wav" if _is_plain_wav(path) else None
    return _TYPES.get(path.suffix.lower())


def _is_plain_wav(path: Path) -> bool:
    import soundfile

    try:
        about = soundfile.info(path)
    except (soundfile.SoundFileError, OSError):
        return False
    return about.format in _PLAYED_CONTAINERS and about.subtype in _PLAYED_SAMPLES


def _stamp(path: Path) -> str:
    """Name a file as it is now."""
    status = path.stat()
    name = f"{path}\0{status.st_size}\0{status.st_mtime_ns}"
    return blake2b(name.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
