"""Kaldi data folders: wav.scp, and utt2spk, utt2lang, spk2gender where they are."""

from collections.abc import Iterator
from pathlib import Path

from ...errors import ManifestError
from ..reasons import Reason
from .rows import BadRow, Row, Rows, bad_row, is_utf8

WAV_SCP = "wav.scp"


def read_kaldi(folder: Path) -> Rows:
    """Read a Kaldi data folder; the utterance's id is kept as `utterance`.

    A line of wav.scp that ends in a pipe is a command: it is never run, it becomes a failure.

    Raises
    ------
    ManifestError
        A file cannot be read, or `segments` cuts the recordings, which is not supported.
    """
    if (folder / "segments").exists():
        raise ManifestError(
            f"expected one utterance a file in {folder}, got a `segments` file;"
            " cut the recordings (extract-segments) or remove it"
        )
    speakers, languages = _mapping(folder / "utt2spk"), _mapping(folder / "utt2lang")
    genders = _mapping(folder / "spk2gender")
    for where, line in _lines(folder / WAV_SCP):
        utterance, _, file = line.partition(" ")
        speaker = speakers.get(utterance, "")
        tags = {
            "speaker": speaker,
            "language": languages.get(utterance, ""),
            "gender": genders.get(speaker, ""),
        }
        yield _row(utterance, file.strip(), where, {k: v for k, v in tags.items() if v})


def _row(utterance: str, file: str, where: str, tags: dict[str, str]) -> Row | BadRow:
    if not all(map(is_utf8, (utterance, file, *tags.values()))):
        return bad_row(where, "not UTF-8; save the data folder as UTF-8")
    if not file or "\0" in file:
        return bad_row(where, "expected an utterance and a file")
    if file.endswith("|"):
        return BadRow(utterance, Reason.COMMAND, f"{where}: a command, which is not run")
    name, _, offset = file.rpartition(":")
    if name.endswith(".ark") and offset.isdigit():
        return bad_row(where, "audio inside an archive; copy it out with wav-copy")
    return Row(file, where, tags, {"utterance": utterance})


def _mapping(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition(" ") for _, line in _lines(path))
    return {key: value.strip() for key, _, value in pairs}


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield where each line stands, and its text with the first run of blanks as one space."""
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path.name} line {number}", " ".join(line.strip().split(None, 1))
    except OSError as error:
        raise ManifestError(f"cannot read {path}: {error.strerror}") from error
