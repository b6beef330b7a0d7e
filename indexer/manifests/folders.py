"""Folders of audio without a manifest: LibriSpeech, VoxCeleb, and a folder a speaker."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ...errors import ManifestError
from ...store.schema import TagSource
from ..formats import SUFFIXES
from ..reasons import Reason
from .rows import BadRow, Row, Rows, is_utf8, printable
from .speakers import librispeech_speakers, voxceleb_speakers

_LIBRISPEECH = re.compile(
    r"(?:.*/)?(?P<speaker>\d+)/(?P<chapter>\d+)/(?P=speaker)-(?P=chapter)-\d+\.\w+"
)
_VOXCELEB = re.compile(r"(?:.*/)?(?P<speaker>id\d{5})/(?P<session>[^/]+)/[^/]+")


def read_folders(audio_dir: Path) -> Rows:
    """Find all audio under a folder and read what its path says, sorted by path.

    - LibriSpeech, `…/19/198/19-198-0000.flac`: speaker and chapter; with SPEAKERS.TXT beside the
      speakers or above, the gender, and English.
    - VoxCeleb, `…/id10001/1zcIwhmdeo4/00001.wav`: speaker, and the video as `session`; with
      vox1_meta.csv or vox2_meta.csv beside the speakers or above, gender and nationality.
    - Else the first folder is the speaker; a file at the top has none.
    """
    speakers = {**librispeech_speakers(audio_dir), **voxceleb_speakers(audio_dir)}
    unreadable: list[BadRow] = []
    for path in sorted(_audio_files(audio_dir, unreadable)):
        if is_utf8(path):
            yield _row(path, speakers)
        else:
            yield BadRow(printable(path), Reason.BAD_NAME, "not UTF-8; rename the file")
    yield from unreadable


def _row(path: str, speakers: Mapping[str, Mapping[str, str]]) -> Row:
    if match := _LIBRISPEECH.fullmatch(path):
        extra = {"chapter": match["chapter"]}
    elif match := _VOXCELEB.fullmatch(path):
        extra = {"session": match["session"]}
    else:
        tags = {"speaker": PurePosixPath(path).parts[0]} if "/" in path else {}
        return Row(path, path, tags, source=TagSource.FOLDER)
    known = speakers.get(match["speaker"], {})
    tags = {name: known[name] for name in ("language", "gender") if name in known}
    extra |= {name: known[name] for name in known if name not in tags}
    listed = frozenset(tags)
    return Row(path, path, {"speaker": match["speaker"], **tags}, extra, TagSource.FOLDER, listed)


def _audio_files(audio_dir: Path, unreadable: list[BadRow]) -> Iterator[str]:
    """Yield the audio files under a folder, links followed once, hidden ones left out.

    Folders below it that cannot be listed are added to `unreadable`.
    """

    def note(error: OSError) -> None:
        if error.filename == str(audio_dir):
            raise ManifestError(f"cannot read {audio_dir}: {error.strerror}") from error
        folder = Path(error.filename).relative_to(audio_dir).as_posix()
        unreadable.append(BadRow(printable(folder), Reason.UNREADABLE, f"{error.strerror}: folder"))

    seen: set[str] = set()
    for folder, folders, files in os.walk(audio_dir, onerror=note, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else [name for name in folders if name[0] != "."]
        if real not in seen:
            seen.add(real)
            for name in files:
                if name[0] != "." and PurePosixPath(name).suffix.lower() in SUFFIXES:
                    yield Path(folder, name).relative_to(audio_dir).as_posix()
