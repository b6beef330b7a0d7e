"""Kaldi data folders: wav.scp, and utt2spk, utt2lang, spk2gender where they are."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from ...errors import ManifestError
from ..reasons import Reason
from .rows import BadRow, Row, Rows, bad_row, is_utf8

WAV_SCP = "wav.scp"
UTT2SPK = "utt2spk"
_BY_UTTERANCE = {
    "language": "utt2lang",
    "gender": "utt2gender",
    "noise": "utt2noise",
    "age": "utt2age",
}
KALDI_NAMES = (
    *(WAV_SCP, UTT2SPK, "spk2gender", "spk2name", "segments"),
    *_BY_UTTERANCE.values(),
)
"""The files of a data folder that are looked at."""
_FLAC_OPTIONS = {"-c", "-d", "-s", "-cd", "-dc", "-scd", "-sdc", "--stdout", "--decode", "--silent"}


def read_kaldi(folder: Path) -> Rows:
    """Read a Kaldi data folder; the utterance's id is kept as `utterance`.

    An utterance that is its own speaker has none, as Kaldi does without labels. `utt2gender`,
    `utt2noise`, `utt2age` and `spk2name` (the speakers' full names) are read too: `spkret export`
    writes them. A line of wav.scp that ends in a pipe is a command: it is never run, it becomes a
    failure; but of `flac -c -d -s FILE |`, as Kaldi's recipes write it, the file is read.

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
    said = _Said(folder)
    for where, line in _lines(folder / WAV_SCP):
        utterance, _, file = line.partition(" ")
        yield _row(utterance, _decoded(file.strip()), where, said.of(utterance))


def read_utterances(folder: Path) -> Iterator[Row]:
    """Read the utterances of utt2spk, whatever audio they are cut from; an id stands for its file.

    Raises
    ------
    ManifestError
        A file cannot be read.
    """
    said = _Said(folder)
    for where, line in _lines(folder / UTT2SPK):
        utterance = line.partition(" ")[0]
        row = _row(utterance, utterance, where, said.of(utterance))
        if isinstance(row, Row):
            yield row


class _Said:
    """What the files of a data folder say of each utterance."""

    def __init__(self, folder: Path) -> None:
        self._speakers = _mapping(folder / UTT2SPK)
        self._names = _mapping(folder / "spk2name")
        self._genders = _mapping(folder / "spk2gender")
        self._tags = {tag: _mapping(folder / name) for tag, name in _BY_UTTERANCE.items()}

    def of(self, utterance: str) -> dict[str, str]:
        """Return the tags of an utterance."""
        speaker = self._speakers.get(utterance, "")
        tags = {tag: known.get(utterance, "") for tag, known in self._tags.items()}
        tags["gender"] = tags["gender"] or self._genders.get(speaker, "")
        tags["speaker"] = "" if speaker == utterance else self._names.get(speaker, speaker)
        return {tag: value for tag, value in tags.items() if value}


def _decoded(file: str) -> str:
    """Return the file that a command only decodes, else the command itself."""
    if not (file.startswith("flac ") and file.endswith("|")):
        return file
    try:
        words = shlex.split(file[:-1])[1:]
    except ValueError:
        return file
    files = [word for word in words if word not in _FLAC_OPTIONS]
    return files[0] if len(files) == 1 and files[0].endswith(".flac") else file


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
