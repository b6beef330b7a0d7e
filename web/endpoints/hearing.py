"""Uploads, audio to play and spectrograms."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Response, UploadFile
from fastapi.responses import FileResponse

from ..hearing import Sound, file_of
from ..models import Uploaded
from .looking import stored
from .shared import Failures, Served, StoredId, UploadId, failures

router = APIRouter(tags=["audio"])

_KEPT = {"cache-control": "private, max-age=3600"}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_AUDIO: Failures = failures(404) | {
    200: {"content": {"audio/*": _BYTES}, "description": "The file, or a part of it as WAV."},
    206: {"content": {"audio/*": _BYTES}, "description": "The part that `Range` asks for."},
    416: {"description": "`Range` asks for what is not there."},
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
def audio(services: Served, id: StoredId) -> FileResponse:
    """Play a recording; `Range` works. What browsers do not play comes as WAV, up to 5 minutes."""
    return _played(services.hearing.sound(_file(services, id)))


@router.get("/uploads/{id}/audio", response_class=FileResponse, responses=_AUDIO)
def upload_audio(services: Served, id: UploadId) -> FileResponse:
    """Play an upload."""
    return _played(services.hearing.sound(services.uploads.get(id).path))


@router.get("/recordings/{id}/spectrogram.png", response_class=Response, responses=_PICTURE)
def spectrogram(services: Served, id: StoredId, axes: _Axes = True) -> Response:
    """Draw the first minute of a recording: a PNG, 70 dB from black to the loudest."""
    return _drawn(services.hearing.spectrogram(_file(services, id), axes))


@router.get("/uploads/{id}/spectrogram.png", response_class=Response, responses=_PICTURE)
def upload_spectrogram(services: Served, id: UploadId, axes: _Axes = True) -> Response:
    """Draw the first minute of an upload."""
    return _drawn(services.hearing.spectrogram(services.uploads.get(id).path, axes))


def _file(services: Served, id_: str) -> Path:
    row = stored(services, id_)
    return file_of(row["root"], row["path"])


def _played(sound: Sound) -> FileResponse:
    return FileResponse(sound.path, media_type=sound.media_type, headers=_KEPT)


def _drawn(png: bytes) -> Response:
    return Response(png, media_type="image/png", headers=_KEPT)
