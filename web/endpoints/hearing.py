"""Uploads, audio to play and spectrograms."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse

from ...errors import UnknownRecordingError
from ..hearing import file_of
from ..models import ErrorAnswer, Uploaded
from ..sending import PRIVATE, send_bytes, send_file
from ..services import Services
from .looking import stored
from .shared import Failures, Served, StoredId, UploadId, failures

router = APIRouter(tags=["audio"])

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_AUDIO: Failures = failures(404) | {
    200: {"content": {"audio/*": _BYTES}, "description": "The file, or a part of it as WAV."},
    206: {"content": {"audio/*": _BYTES}, "description": "The part that `Range` asks for."},
    304: {"description": "It has not changed since it was sent with the `ETag` given."},
    416: {"model": ErrorAnswer, "description": "`Range` asks for what is not there."},
}
_Axes = Annotated[bool, Query(description="Frame it by axes in seconds and kHz.")]
_PICTURE: Failures = failures(404) | {200: {"content": {"image/png": _BYTES}}}


@router.post(
    "/uploads", status_code=201, response_model=Uploaded, responses=failures(403, 413, 415)
)
def upload(
    services: Served, file: Annotated[UploadFile, File(description="An audio file.")]
) -> Any:
    """Keep and embed an audio file for a time, to refer to it as `upload:ID`."""
    kept = services.uploads.add(file.filename or "", file.file)
    return {"upload": kept.id, "name": kept.name, "duration_s": kept.duration_s}


@router.get("/recordings/{id}/audio", response_class=FileResponse, responses=_AUDIO)
def audio(request: Request, services: Served, id: StoredId) -> Response:
    """Play a recording; `Range` works. What browsers do not play comes as WAV, up to 5 minutes."""
    return _played(request, services, _file(services, id))


@router.get("/uploads/{id}/audio", response_class=FileResponse, responses=_AUDIO)
def upload_audio(request: Request, services: Served, id: UploadId) -> Response:
    """Play an upload."""
    return _played(request, services, services.uploads.get(id).path)


@router.get("/recordings/{id}/spectrogram.png", response_class=Response, responses=_PICTURE)
def spectrogram(request: Request, services: Served, id: StoredId, axes: _Axes = True) -> Response:
    """Draw the first minute of a recording: a PNG, 70 dB from black to the loudest."""
    return _drawn(request, services, _file(services, id), axes)


@router.get("/uploads/{id}/spectrogram.png", response_class=Response, responses=_PICTURE)
def upload_spectrogram(
    request: Request, services: Served, id: UploadId, axes: _Axes = True
) -> Response:
    """Draw the first minute of an upload."""
    return _drawn(request, services, services.uploads.get(id).path, axes)


def _file(services: Served, id_: str) -> Path:
    row = stored(services, id_)
    return file_of(row["root"], row["path"])


@contextmanager
def _while_there() -> Iterator[None]:
    """Answer 404 where a file goes while it is looked at."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnknownRecordingError(
            "expected the audio file to stay, it is not there any more"
        ) from error


@_while_there()
def _played(request: Request, services: Services, path: Path) -> Response:
    sound = services.hearing.sound(path)
    return send_file(request, sound.path, sound.media_type, PRIVATE)


@_while_there()
def _drawn(request: Request, services: Services, path: Path, axes: bool) -> Response:
    png = services.hearing.spectrogram(path, axes)
    return send_bytes(request, png, "image/png", PRIVATE)
