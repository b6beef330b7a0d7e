"""Files that users send: kept in a folder of the server's own, for a time."""

import os
import secrets
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import pyarrow as pa
from starlette.exceptions import HTTPException

from ..errors import AudioError, EncoderError, UnknownRecordingError
from ..indexer.audio import RATE_HZ, open_file, open_source, windows
from ..indexer.formats import MEDIA_SUFFIXES, SUFFIXES
from ..indexer.reasons import Reason
from ..store.schema import Seconds
from .settings import MEBIBYTE, Settings

Embed = Callable[[Path, Seconds], pa.Table]
"""Embeds a file that is so long."""

_ID_BYTES = 16
_HEAD_BYTES = 12
_LONGEST_NAME = 200


def too_large(most: int) -> tuple[int, str]:
    """Return the answer to a body of more than so many bytes."""
    return 413, f"expected at most {most / MEBIBYTE:.0f} MiB, got more; cut the file"


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
        self._arriving: dict[str, int] = {}
        self._ends = False
        self.folder = _new_folder()

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, name: str, file: BinaryIO) -> Upload:
        """Keep and embed a file; the oldest go where there are too many.

        Raises
        ------
        AudioError
            It holds no usable speech, or is too long.
        HTTPException
            It is too large, or too much is being embedded already.
        """
        id_ = secrets.token_urlsafe(_ID_BYTES)
        suffix = Path(name).suffix.lower()
        with self._room(id_, file.seek(0, os.SEEK_END)):
            file.seek(0)
            path = self._own_folder() / f"{id_}{suffix if suffix in SUFFIXES else '.wav'}"
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

    def beside(self, path: Path) -> Path:
        """Return a new name for a WAV made of a file; made of an upload, it goes with that."""
        folder = self._own_folder()
        of_upload = path.parent == folder
        return folder / f"{path.stem if of_upload else 'stored'}.{secrets.token_hex(_ID_BYTES)}.wav"

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

    def sweep(self) -> None:
        """Delete those that are too old."""
        with self._lock:
            self._forget_oldest()

    def end(self) -> None:
        """Give up on those that arrive."""
        self._ends = True

    def close(self) -> None:
        """Delete all of them."""
        with self._lock:
            self._kept.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _made(self, id_: str, name: str, path: Path) -> Upload:
        size = path.stat().st_size
        seconds = duration(path, self._settings.max_upload_s, self._check_going_on)
        return Upload(id_, name, path, seconds, size, self._embed(path, seconds))

    def _check_going_on(self) -> None:
        if self._ends:
            raise EncoderError("the server is about to end")

    @contextmanager
    def _room(self, id_: str, size: int) -> Iterator[None]:
        """Count a file while it is embedded; what is kept makes room for it."""
        most = min(self._settings.max_upload_bytes, self._settings.most_upload_bytes)
        if size > most:
            raise HTTPException(*too_large(most))
        with self._lock:
            self._arriving[id_] = size
            try:
                self._check_arriving()
                self._forget_oldest()
            except HTTPException:
                del self._arriving[id_]
                raise
        try:
            yield
        finally:
            with self._lock:
                del self._arriving[id_]

    def _check_arriving(self) -> None:
        size, settings = sum(self._arriving.values()), self._settings
        if len(self._arriving) > settings.most_uploads or size > settings.most_upload_bytes:
            raise HTTPException(503, "expected fewer uploads at a time; send it again later")

    def _forget_oldest(self) -> None:
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if not (self._are_too_many() or self._is_aged(oldest)):
                return
            del self._kept[oldest.id]
            for file in self.folder.glob(f"{oldest.id}.*"):
                file.unlink(missing_ok=True)

    def _are_too_many(self) -> bool:
        number = len(self._kept) + len(self._arriving)
        size = sum(upload.size_bytes for upload in self._kept.values())
        size += sum(self._arriving.values())
        return number > self._settings.most_uploads or size > self._settings.most_upload_bytes

    def _is_aged(self, upload: Upload) -> bool:
        return time.monotonic() - upload.at > self._settings.upload_age_s

    def _own_folder(self) -> Path:
        """Return the folder, a new one where something has cleaned the old one away."""
        if not self.folder.is_dir():
            self.folder = _new_folder()
        return self.folder


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="spkret-serve-"))


def duration(path: Path, most_s: Seconds, check: Callable[[], object] = lambda: None) -> Seconds:
    """Decode a file to say how long it is, and no further than the most it may be.

    Parameters
    ----------
    check : called now and then; what it raises ends the work

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
                check()
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
