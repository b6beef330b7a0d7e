"""Lists of speakers that corpora lay beside their folders."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import ManifestError

_SPEAKERS_TXT = "SPEAKERS.TXT"
_VOXCELEB_METAS = ("vox1_meta.csv", "vox2_meta.csv")
_LEVELS_ABOVE = 2
SPEAKERS_NAMES = (_SPEAKERS_TXT, f"LibriSpeech/{_SPEAKERS_TXT}", *_VOXCELEB_METAS)
"""The lists that are looked for below a folder of audio."""

Speakers = Mapping[str, Mapping[str, str]]
"""What is known of each speaker, by name: tags, and further columns."""


def librispeech_speakers(audio_dir: Path) -> Speakers:
    """Read LibriSpeech's SPEAKERS.TXT: `19 | F | train-clean-100 | 25.19 | Name`; all are English.

    Raises
    ------
    ManifestError
        The file cannot be read.
    """
    folders = (audio_dir, audio_dir / "LibriSpeech", *_above(audio_dir))
    lines = _lines(_first([folder / _SPEAKERS_TXT for folder in folders]))
    rows = [line.split("|") for line in lines if not line.startswith(";")]
    return {
        row[0].strip(): {"language": "en", "gender": row[1].strip()} for row in rows if len(row) > 2
    }


def voxceleb_speakers(audio_dir: Path) -> Speakers:
    """Read VoxCeleb's vox1_meta.csv (between tabs) and vox2_meta.csv (between commas).

    The columns `VoxCeleb1 ID` or `VoxCeleb2 ID`, `Gender`, and, in the first, `Nationality`.

    Raises
    ------
    ManifestError
        A file cannot be read.
    """
    found: dict[str, dict[str, str]] = {}
    for name in _VOXCELEB_METAS:
        file = _first([folder / name for folder in (audio_dir, *_above(audio_dir))])
        for row in _cells(_lines(file)):
            speaker = row.get("voxceleb1 id") or row.get("voxceleb2 id")
            told = {column: row[column] for column in ("gender", "nationality") if row.get(column)}
            if speaker:
                found[speaker] = told
    return found


def _above(audio_dir: Path) -> Sequence[Path]:
    """Return the folders above, which a corpus may lay its lists in."""
    return list(audio_dir.absolute().parents)[:_LEVELS_ABOVE]


def _first(files: Sequence[Path]) -> Path | None:
    return next((file for file in files if file.is_file()), None)


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise ManifestError(f"cannot read {file}: {error.strerror}") from error


def _cells(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the cells of each row by the lower-case name of their column."""
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    rows = [[cell.strip() for cell in line.split(delimiter)] for line in lines]
    for row in rows[1:]:
        yield dict(zip(map(str.lower, rows[0]), row, strict=False))
