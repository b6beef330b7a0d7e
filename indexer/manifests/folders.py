"""Folders of audio without a manifest: LibriSpeech, VoxCeleb, and a folder a speaker."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NoReturn

from ...errors import ManifestError
from ...store.schema import TagSource
from ..formats import SUFFIXES
from ..reasons import Reason
from .rows import BadRow, Row, Rows, is_utf8, printable

_SPEAKERS_TXT = "SPEAKERS.TXT"
_LIBRISPEECH = re.compile(
    r"(?:.*/)?(?P<speaker>\d+)/(?P<chapter>\d+)/(?P=speaker)-(?P=chapter)-\d+\.\w+"
)
_VOXCELEB = re.compile(r"(?:.*/)?(?P<speaker>id\d{5})/(?P<session>[^/]+)/[^/]+")


def read_folders(audio_dir: Path) -> Rows:
    """Find all audio under a folder and read what its path says, sorted by path.

    - LibriSpeech, `…/19/198/19-198-0000.flac`: speaker and chapter; with SPEAKERS.TXT beside the
      speakers or one folder above, the gender, and English.
    - VoxCeleb, `…/id10001/1zcIwhmdeo4/00001.wav`: speaker, and the video as `session`.
    - Else the first folder is the speaker; a file at the top has none.
    """
    genders = _speakers_txt(audio_dir)
    for path in sorted(_audio_files(audio_dir)):
        if is_utf8(path):
            yield _row(path, genders)
        else:
            yield BadRow(printable(path), Reason.BAD_NAME, "not UTF-8; rename the file")


def _row(path: str, genders: Mapping[str, str]) -> Row:
    tags, extra = {}, {}
    if match := _LIBRISPEECH.fullmatch(path):
        tags = _librispeech(match["speaker"], genders)
        extra = {"chapter": match["chapter"]}
    elif match := _VOXCELEB.fullmatch(path):
        tags = {"speaker": match["speaker"]}
        extra = {"session": match["session"]}
    elif "/" in path:
        tags = {"speaker": PurePosixPath(path).parts[0]}
    return Row(path, path, tags, extra, TagSource.FOLDER)


def _librispeech(speaker: str, genders: Mapping[str, str]) -> dict[str, str]:
    if speaker not in genders:
        return {"speaker": speaker}
    return {"speaker": speaker, "language": "en", "gender": genders[speaker]}


def _speakers_txt(audio_dir: Path) -> dict[str, str]:
    """Read the gender of LibriSpeech's speakers: `19 | F | train-clean-100 | 25.19 | Name`."""
    folders = (audio_dir, audio_dir.parent, audio_dir / "LibriSpeech")
    file = next((f / _SPEAKERS_TXT for f in folders if (f / _SPEAKERS_TXT).is_file()), None)
    if file is None:
        return {}
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        _raise(error)
    rows = [line.split("|") for line in lines if not line.startswith(";")]
    return {row[0].strip(): row[1].strip() for row in rows if len(row) > 2}


def _audio_files(audio_dir: Path) -> Iterator[str]:
    """Yield the audio files under a folder, links followed once, hidden ones left out."""
    seen: set[str] = set()
    for folder, folders, files in os.walk(audio_dir, onerror=_raise, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else [name for name in folders if name[0] != "."]
        if real not in seen:
            seen.add(real)
            for name in files:
                if name[0] != "." and PurePosixPath(name).suffix.lower() in SUFFIXES:
                    yield Path(folder, name).relative_to(audio_dir).as_posix()


def _raise(error: OSError) -> NoReturn:
    raise ManifestError(f"cannot read {error.filename}: {error.strerror}") from error
