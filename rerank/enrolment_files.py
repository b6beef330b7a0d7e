"""Lists of who speaks in which recording: enrolments, and anchors to identify."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import TrialError
from .pair_tables import check_side, reader_of
from .trial_files import read_group, text_of

_NIST = {"modelid": "speaker", "segmentid": "path"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reference to a recording, and its speaker; None where unknown."""

    reference: str
    speaker: str | None = None


def read_enrolment(path: Path) -> list[Spoken]:
    """Read a CSV or TSV with the columns `speaker` and `path`, several lines a speaker.

    NIST's `modelid` and `segmentid` are read as these.

    Raises
    ------
    TrialError
        The file cannot be read, a column or cell is missing, it names no recording, or a second
        channel (side `b`): spkret hears all channels of a file as one.
    """
    entries = []
    for number, row in _rows(path, ("speaker", "path")):
        if not row["speaker"]:
            raise TrialError(f"{path}, line {number}: expected a speaker, got none")
        entries.append(Spoken(row["path"], row["speaker"]))
    if not entries:
        raise TrialError(f"expected a speaker and a path a line in {path}, it names no recording")
    return entries


def read_anchors(path: Path) -> list[Spoken]:
    """Read anchors: a reference a line, or a CSV or TSV with `path` and, if known, `speaker`.

    Raises
    ------
    TrialError
        The file cannot be read, a cell is missing, or it names no recording.
    """
    if "path" not in _header(path):
        return [Spoken(reference) for reference in read_group(path)]
    anchors = [Spoken(row["path"], row["speaker"] or None) for _, row in _rows(path, ("path",))]
    if not anchors:
        raise TrialError(f"expected a path a line in {path}, it names no recording")
    return anchors


def _delimiter(text: str) -> str:
    return "\t" if "\t" in text.partition("\n")[0] else ","


def _header(path: Path) -> list[str]:
    text = text_of(path)
    names = [name.strip().lower() for name in text.partition("\n")[0].split(_delimiter(text))]
    return [_NIST.get(name, name) for name in names]


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number and the cells of each line; the header in any case and order."""
    text, header = text_of(path), _header(path)
    missing = [name for name in needed if name not in header]
    if missing:
        raise TrialError(
            f"{path}, line 1: expected the columns {' and '.join(needed)}, {missing[0]} is missing"
        )
    reader = reader_of(text)
    try:
        next(reader)
        for cells in reader:
            row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            if any(row.values()):
                yield reader.line_num, _complete(row, f"{path}, line {reader.line_num}")
    except csv.Error as error:
        raise TrialError(f"{path}, line {reader.line_num}: {error}") from error


def _complete(row: dict[str, str], where: str) -> dict[str, str]:
    if not row.get("path"):
        raise TrialError(f"{where}: expected a path, got none")
    check_side(row.get("side", ""), where)
    return {"speaker": "", **row}
