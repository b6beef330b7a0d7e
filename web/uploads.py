"""Files that users send: kept in a folder of the server's own, for a time."""

import secrets
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import pyarrow as pa

from ..errors import AudioError, UnknownRecordingError
from ..indexer.audio import RATE_HZ, open_file, open_source, windows
from ..indexer.formats import MEDIA_SUFFIXES, SUFFIXES
from ..indexer.reasons import Reason
from ..store.schema import Seconds
from .settings import Settings

Embed = Callable[[Path], pa.Table]

_HEAD_BYTES = 12
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a user sent.

    Parameters
    ----------
    id : cannot be guessed
    name : what the user called it; only ever shown
    path : where it lies
    row : its embedding and what was measured, in RECORDINGS_SCHEMA
    """

    id: str
    name: str
    path: Path
    duration_s: Seconds
    size_bytes: int
    row: pa.Table
    at: float = field(default_factory=time.monotonic)


class Uploads:
    """The uploads of a server, in a temporary folder that goes when it ends."""

    def __init__(self, settings: Settings, embed: Embed) -> None:
        self._settings = settings
        self._embed = embed
        self._lock = Lock()
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self.folder = Path(tempfile.mkdtemp(prefix="spkret-serve-"))

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, name: str, file: BinaryIO) -> Upload:
        """Keep and embed a file; the oldest go where there are too many.

        Raises
        ------
        AudioError
            It holds no usable speech, or is too long.
        """
        id_ = secrets.token_urlsafe(16)
        suffix = Path(name).suffix.lower()
        path = self.folder / f"{id_}{suffix if suffix in SUFFIXES else '.wav'}"
        try:
            with path.open("wb") as kept:
                shutil.copyfileobj(file, kept)
            upload = self._made(id_, _shown(name), path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        with self._lock:
            self._kept[id_] = upload
            self._forget_oldest()
        return upload

    def get(self, id_: str) -> Upload:
        """Return an upload.

        Raises
        ------
        UnknownRecordingError
            There is none of that id, or none any more.
        """
        with self._lock:
            self._forget_oldest()
            upload = self._kept.get(id_)
        if upload is None:
            raise UnknownRecordingError("expected an upload that is still kept, got an unknown one")
        return upload

    def close(self) -> None:
        """Delete all of them."""
        with self._lock:
            self._kept.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _made(self, id_: str, name: str, path: Path) -> Upload:
        size = path.stat().st_size
        seconds = duration(path, self._settings.max_upload_s)
        return Upload(id_, name, path, seconds, size, self._embed(path))

    def _forget_oldest(self) -> None:
        size = sum(upload.size_bytes for upload in self._kept.values())
        while self._kept:
            oldest = next(iter(self._kept.values()))
            aged = time.monotonic() - oldest.at > self._settings.upload_age_s
            many = len(self._kept) > self._settings.most_uploads
            if not (aged or many or size > self._settings.most_upload_bytes):
                return
            del self._kept[oldest.id]
            size -= oldest.size_bytes
            oldest.path.unlink(missing_ok=True)


def duration(path: Path, most_s: Seconds) -> Seconds:
    """Decode a file to say how long it is, and no further than the most it may be.

    Raises
    ------
    AudioError
        It is longer, or holds no usable audio.
    """
    with open_file(path) as file:
        _check_container(path, file)
        samples = 0
        with closing(open_source(path, file)) as source:
            for window in windows(source):
                samples += len(window)
                if samples > most_s * RATE_HZ:
                    raise AudioError(Reason.TOO_LONG, f"more than {most_s:.0f} s; cut the file")
    return samples / RATE_HZ


def _check_container(path: Path, file: BinaryIO) -> None:
    """Let only real media through to PyAV, which would follow what a playlist names."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    is_adts = len(head) > 1 and head[0] == 0xFF and head[1] & 0xF0 == 0xF0
    known = head[:4] in {b"\x1aE\xdf\xa3", b"0&\xb2u", b"ADIF"} or head[:3] == b"ID3"
    if path.suffix in MEDIA_SUFFIXES and not (known or is_adts or head[4:8] == b"ftyp"):
        raise AudioError(Reason.NOT_AUDIO, f"no {path.suffix[1:]} file by its first bytes")


def _shown(name: str) -> str:
    """Clean up a name for display: one line without folders, of bounded length."""
    last = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(c for c in last if c.isprintable())
    return printable[-_LONGEST_NAME:] or "upload"
