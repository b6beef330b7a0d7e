"""Lhotse's manifests, JSON lines: recordings with their supervisions, and cuts.

The fields are those of Lhotse 1.x: `Recording` (`sources`, `duration`), `SupervisionSegment`
(`recording_id`, `speaker`, `language`, `gender`, `custom`), `MonoCut` and `MultiCut` (`start`,
`duration`, `recording`, `supervisions`).
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from ...errors import ManifestError
from ..reasons import Reason
from .rows import BadRow, Row, Rows, bad_row
from .tables import row_of, text_of
from .text import GZIP_SUFFIX, opened_text

_PLAIN = ("cuts.jsonl", "recordings.jsonl")
LHOTSE_NAMES = tuple(name + ending for name in _PLAIN for ending in (GZIP_SUFFIX, ""))
"""Manifests that are read where they lie in a folder, the first one found."""

SUPERVISIONS_NAMES = ("supervisions.jsonl.gz", "supervisions.jsonl")

_TOLERANCE_S = 0.01
_COVERED = 0.5
"""The share of a recording that supervisions have to cover to stand for it without a doubt."""
_SEVERAL = "several speakers in the supervisions of one recording, which is left without a speaker"
_PART = "supervisions of less than half of a recording, or of some of its channels, label the whole"


class Kind(StrEnum):
    """What a line describes; the name of the file says it too."""

    RECORDINGS = "recordings"
    SUPERVISIONS = "supervisions"
    CUTS = "cuts"


@dataclass(frozen=True, slots=True)
class Said:
    """What a supervision says, and of how much of its recording."""

    fields: Mapping[str, str]
    duration_s: float
    channels: frozenset[int]


Supervisions = Mapping[str, Sequence[Said]]


def is_lhotse(path: Path) -> bool:
    """Tell whether the first line of a file of JSON lines is one of Lhotse's.

    Raises
    ------
    ManifestError
        The file cannot be read.
    """
    return _kind_of(path) is not None


def read_lhotse(path: Path) -> Rows:
    """Read cuts, or recordings with the supervisions beside them; either file may be named.

    A recording with supervisions of several speakers gets none of them, and a doubt; so does one
    that supervisions cover less than half of, which keeps its speaker. A cut that is a part of its
    recording or some of its channels, and audio that is not one file, are failures.

    Raises
    ------
    ManifestError
        A file cannot be read, or supervisions have no recordings beside them.
    """
    kind = _kind_of(path)
    if kind is Kind.CUTS:
        yield from (_cut(each, where) for where, each in _objects(path))
        return
    recordings = path if kind is Kind.RECORDINGS else _beside(path, Kind.RECORDINGS)
    if recordings is None:
        raise ManifestError(
            f"expected recordings beside the supervisions {path}, found none;"
            f" name them {path.name.replace(Kind.SUPERVISIONS, Kind.RECORDINGS)}"
        )
    supervisions = path if kind is Kind.SUPERVISIONS else _beside(path, Kind.SUPERVISIONS)
    said: dict[str, list[Said]] = defaultdict(list)
    for where, each in () if supervisions is None else _objects(supervisions):
        if isinstance(each, dict):
            said[str(each.get("recording_id"))].append(_said(each))
        else:
            yield bad_row(where, each)
    yield from (_recording(each, where, said) for where, each in _objects(recordings))


def _kind_of(path: Path) -> Kind | None:
    first = next(_objects(path), None)
    if first is None or not isinstance(first[1], dict):
        return None
    names = first[1].keys()
    if {"id", "sources"} <= names:
        return Kind.RECORDINGS
    if {"id", "recording_id", "start", "duration"} <= names:
        return Kind.SUPERVISIONS
    is_cut = str(first[1].get("type")).endswith("Cut") or {"recording", "supervisions"} <= names
    return Kind.CUTS if is_cut and "id" in names else None


def _beside(path: Path, kind: Kind) -> Path | None:
    """Return the file of the other kind, whose name differs in that word and maybe in `.gz`."""
    files = (path.with_name(name) for name in names_beside(path.name, kind))
    return next((file for file in files if file.is_file()), None)


def names_beside(name: str, kind: Kind) -> list[str]:
    """Return the names that the file of the other kind may have."""
    other = Kind.RECORDINGS if kind is Kind.SUPERVISIONS else Kind.SUPERVISIONS
    plain = name.removesuffix(GZIP_SUFFIX)
    if other not in plain:
        return []
    return [plain.replace(other, kind) + ending for ending in (GZIP_SUFFIX, "")]


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield where each line stands, and its JSON object or what is wrong with it."""
    with opened_text(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"{path.name} line {number}", _object(line)


def _object(line: str) -> dict[str, Any] | str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return "not JSON"
    return value if isinstance(value, dict) else f"expected a JSON object, got {line[:40]!a}"


def _cut(cut: dict[str, Any] | str, where: str) -> Row | BadRow:
    if isinstance(cut, str):
        return bad_row(where, cut)
    recording = cut.get("recording")
    if not isinstance(recording, dict):
        return bad_row(where, f"expected a cut of one recording, got {cut.get('type')!a}")
    lengths = cut.get("start"), cut.get("duration"), recording.get("duration")
    if not all(isinstance(each, int | float) for each in lengths):
        return bad_row(where, "expected a start and durations in seconds")
    start, duration, whole = map(float, lengths)  # type: ignore[arg-type]
    if start > _TOLERANCE_S or abs(duration - whole) > _TOLERANCE_S:
        return bad_row(
            where, f"{duration:g} s from {start:g} s of a recording: parts are not read, save them"
        )
    channels = _channels(cut.get("channel"))
    if channels and _all_channels(recording) - channels:
        return bad_row(
            where,
            f"channel {', '.join(map(str, sorted(channels)))} of several: channels are not told"
            " apart, split the file",
        )
    said = [_said(each) for each in _dicts(cut.get("supervisions"))]
    custom = {**_flat(recording.get("custom")), **_flat(cut.get("custom"))}
    return _recording({**recording, "custom": custom}, where, {str(recording.get("id")): said})


def _recording(
    recording: dict[str, Any] | str, where: str, supervisions: Supervisions
) -> Row | BadRow:
    if isinstance(recording, str):
        return bad_row(where, recording)
    path = _path(recording, where)
    if isinstance(path, BadRow):
        return path
    name = str(recording.get("id", ""))
    said = supervisions.get(name, ())
    fields = {**_flat(recording.get("custom")), **_agreed([each.fields for each in said])}
    row = row_of({"recording": name, **fields, "path": path}.items(), where)
    return replace(row, doubt=_doubt(recording, said)) if isinstance(row, Row) else row


def _doubt(recording: Mapping[str, Any], said: Sequence[Said]) -> str:
    """Say what supervisions leave open about the whole of a recording, if anything."""
    if len({each.fields["speaker"] for each in said if each.fields.get("speaker")}) > 1:
        return _SEVERAL
    covered, channels = sum(each.duration_s for each in said), {c for s in said for c in s.channels}
    short = covered < _COVERED * _number(recording.get("duration"))
    return _PART if said and (short or (channels and _all_channels(recording) - channels)) else ""


def _all_channels(recording: Mapping[str, Any]) -> frozenset[int]:
    sources = _dicts(recording.get("sources"))
    of_sources = frozenset(
        channel for each in sources for channel in _channels(each.get("channels"))
    )
    return _channels(recording.get("channel_ids")) or of_sources


def _channels(value: object) -> frozenset[int]:
    values = value if isinstance(value, list) else [value]
    return frozenset(each for each in values if isinstance(each, int))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _path(recording: Mapping[str, Any], where: str) -> str | BadRow:
    """Return the one file of a recording."""
    sources = _dicts(recording.get("sources"))
    if len(sources) != 1:
        return bad_row(where, "expected a recording in one file")
    kind, path = sources[0].get("type"), sources[0].get("source")
    if kind == "command":
        return BadRow(str(recording.get("id", "")), Reason.COMMAND, f"{where}: a command, not run")
    if kind != "file" or not isinstance(path, str):
        return bad_row(where, f"expected audio in a file, got {str(kind)!a}")
    names = {str(each.get("name")) for each in _dicts(recording.get("transforms"))}
    changes = names - {"Resample"}
    return bad_row(where, "a transform of the audio, which is not done") if changes else path


def _dicts(values: object) -> list[dict[str, Any]]:
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def _said(supervision: Mapping[str, Any]) -> Said:
    """Return what a supervision says of the recording, its custom fields included."""
    own = {name: supervision.get(name) for name in ("text", "speaker", "language", "gender")}
    fields = {**_flat(supervision.get("custom")), **_flat(own)}
    duration_s, channels = supervision.get("duration"), supervision.get("channel")
    return Said(fields, _number(duration_s), _channels(channels))


def _flat(fields: object) -> dict[str, str]:
    if not isinstance(fields, dict):
        return {}
    return {str(name): text_of(value) for name, value in fields.items() if value is not None}


def _agreed(said: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Keep the fields that no supervision contradicts."""
    values: dict[str, set[str]] = defaultdict(set)
    for each in said:
        for name, value in each.items():
            values[name].add(value)
    return {name: min(found) for name, found in values.items() if len(found) == 1}
