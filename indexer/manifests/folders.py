"""Folders of audio without a manifest: LibriSpeech, VoxCeleb, and a folder a speaker."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ...store.schema import TagSource
from ..places import Place
from ..reasons import Reason
from .rows import BadRow, Row, Rows, is_utf8, printable
from .speakers import librispeech_speakers, voxceleb_speakers

_LIBRISPEECH = re.compile(
    r"(?:.*/)?(?P<speaker>\d+)/(?P<chapter>\d+)/(?P=speaker)-(?P=chapter)-\d+\.\w+"
)
_VOXCELEB = re.compile(r"(?:.*/)?(?P<speaker>id\d{5})/(?P<session>[^/]+)/[^/]+")


def read_folders(place: Place, lists: Path) -> Rows:
    """Find all audio at a place and read what its path says, sorted by path.

    Lists of speakers are those that lie in the folder `lists`, which `place.lists` gave.

    - LibriSpeech, `…/19/198/19-198-0000.flac`: speaker and chapter; with SPEAKERS.TXT beside the
      speakers or above, the gender, and English.
    - VoxCeleb, `…/id10001/1zcIwhmdeo4/00001.wav`: speaker, and the video as `session`; with
      vox1_meta.csv or vox2_meta.csv beside the speakers or above, gender and nationality.
    - Else the first folder is the speaker; a file at the top has none.
    """
    speakers = {**librispeech_speakers(lists), **voxceleb_speakers(lists)}
    unreadable: list[BadRow] = []

    def note(folder: str, why: str) -> None:
        unreadable.append(BadRow(printable(folder), Reason.UNREADABLE, f"{why}: folder"))

    for path in sorted(place.audio(note)):
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
