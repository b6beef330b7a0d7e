"""A Kaldi data folder that `utils/validate_data_dir.sh --no-feats --no-text` accepts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import InterchangeError
from .names import Named, named
from .recordings import Listed
from .texts import write_lines


def write_kaldi(folder: Path, recordings: Sequence[Listed]) -> tuple[Path, ...]:
    """Write wav.scp, utt2spk, spk2utt, utt2lang, utt2dur, and spk2gender if each speaker has one.

    utt2dur is left out where the length of one is not known, as Kaldi wants it of all.

    Kaldi has no place for other tags: they go to `utt2gender`, `utt2noise` and `utt2age`, and the
    speakers' names as they are to `spk2name`; it passes over these. The manifest's further columns
    are left out.

    Returns
    -------
    files : wav.scp first

    Raises
    ------
    InterchangeError
        A path cannot stand in wav.scp, or the folder holds other files than an earlier export.
    """
    rows = named(recordings)
    files = {
        "wav.scp": {row.utterance: _file(row.recording.file) for row in rows},
        "utt2spk": {row.utterance: row.speaker for row in rows},
        "spk2utt": _utterances(rows),
        "utt2lang": {row.utterance: row.recording.tags.get("language", "und") for row in rows},
        "utt2dur": _durations(rows),
        "spk2gender": _genders(rows),
        "spk2name": _speaker_names(rows),
        **{f"utt2{tag}": _tagged(rows, tag) for tag in ("gender", "noise", "age")},
    }
    _check_replaceable(folder, set(files))
    for name, table in files.items():
        _write(folder / name, table)
    return tuple(folder / name for name, table in files.items() if table)


def _check_replaceable(folder: Path, written: set[str]) -> None:
    """Check that a folder is empty or an earlier export: Kaldi reads all of its files together."""
    there = {each.name for each in folder.glob("[!.]*")}
    others = sorted(there - written if "wav.scp" in there else there)
    if others:
        raise InterchangeError(
            f"expected a new folder, or one that was exported before, got {folder} with"
            f" {', '.join(others[:3])}; choose another --out"
        )


def _write(path: Path, table: Mapping[str, str]) -> None:
    """Write a file of ids and values; one that is empty, also from an earlier export, goes."""
    if table:
        write_lines(path, (f"{name} {_one_line(value)}" for name, value in table.items()))
    else:
        path.unlink(missing_ok=True)


def _file(path: str) -> str:
    if path != _one_line(path) or path.endswith("|"):
        raise InterchangeError(
            f"expected paths that Kaldi reads as files, got {path!r}; rename it, or choose another"
            " --format"
        )
    return path


def _utterances(rows: Sequence[Named]) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.speaker].append(row.utterance)
    return {speaker: " ".join(utterances) for speaker, utterances in found.items()}


def _durations(rows: Sequence[Named]) -> dict[str, str]:
    known = {row.utterance: row.recording.duration_s for row in rows}
    found = {name: f"{seconds:.6f}" for name, seconds in known.items() if seconds is not None}
    return found if len(found) == len(rows) else {}


def _genders(rows: Sequence[Named]) -> dict[str, str]:
    """Map all speakers to `m` or `f`, none if that of one is not known for certain."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row.speaker].add(row.recording.tags.get("gender", ""))
    sure = {speaker: min(genders) for speaker, genders in found.items() if len(genders) == 1}
    return sure if len(sure) == len(found) and set(sure.values()) <= {"m", "f"} else {}


def _speaker_names(rows: Sequence[Named]) -> dict[str, str]:
    names = {row.speaker: row.recording.tags.get("speaker", row.speaker) for row in rows}
    return {speaker: name for speaker, name in names.items() if name != speaker}


def _tagged(rows: Sequence[Named], tag: str) -> dict[str, str]:
    tags = {row.utterance: row.recording.tags.get(tag) for row in rows}
    return {utterance: value for utterance, value in tags.items() if value}


def _one_line(value: str) -> str:
    return " ".join(value.splitlines()).strip()
