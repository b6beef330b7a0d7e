"""Lists of pairs as tables with a header: NIST SRE's trials and keys, and CSV or TSV of others."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TrialError
from .trial_files import text_of

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "left": ("enrolment", "enrollment", "enrol", "enroll", "modelid", "anchor", "a"),
    "right": ("test", "segmentid", "candidate", "b"),
    "answer": ("target", "targettype", "label", "same_speaker", "is_match"),
    "side": ("side",),
}
"""The names under which each column is known, in any case; the first that a header has wins."""

_ANSWERS = {
    **dict.fromkeys(("1", "true", "target"), True),
    **dict.fromkeys(("0", "false", "nontarget"), False),
}
_BARE = ["a", "b"]


@dataclass(frozen=True, slots=True)
class PairRow:
    """A row of a table: where it stands, the two sides, the answer or None."""

    where: str
    left: str
    right: str
    same_speaker: bool | None


def has_header(path: Path) -> bool:
    """Tell whether the first line names columns of pairs; `a` and `b` alone may be recordings.

    Raises
    ------
    TrialError
        The file cannot be read.
    """
    text = text_of(path)
    names = _names(text)
    is_pair = names == _BARE and "\t" in _first_line(text)
    return not is_pair and {"left", "right"} <= _columns(names).keys()


def table_rows(path: Path) -> Iterator[PairRow]:
    """Read the rows under the header, between tabs or commas.

    Raises
    ------
    TrialError
        A row has no pair or no such answer, or is of the second channel (side `b`): spkret hears
        all channels of a file as one.
    """
    text = text_of(path)
    columns = _columns(_names(text))
    reader = reader_of(text)
    try:
        next(reader)
        for cells in reader:
            where = f"{path}, line {reader.line_num}"
            if any(cell.strip() for cell in cells):
                yield _row({name: _cell(cells, at) for name, at in columns.items()}, where)
    except csv.Error as error:
        raise TrialError(f"{path}, line {reader.line_num}: {error}") from error


def check_side(side: str, where: str) -> None:
    """Check that a row is of the first channel, or of none in particular.

    Raises
    ------
    TrialError
        It is not.
    """
    if side.lower() not in ("", "a"):
        raise TrialError(
            f"{where}: expected side a, got {side!r}: channels are not told apart, split the file"
        )


def _row(values: Mapping[str, str], where: str) -> PairRow:
    if not values["left"] or not values["right"]:
        raise TrialError(f"{where}: expected two recordings, got {list(values.values())}")
    check_side(values.get("side", ""), where)
    answer = values.get("answer", "").lower()
    if answer and answer not in _ANSWERS:
        raise TrialError(
            f"{where}: expected an answer of {', '.join(_ANSWERS)}, got {values['answer']!r}"
        )
    return PairRow(where, values["left"], values["right"], _ANSWERS.get(answer))


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""


def _columns(names: Sequence[str]) -> dict[str, int]:
    found = {}
    for column, aliases in COLUMNS.items():
        alias = next((alias for alias in aliases if alias in names), None)
        if alias is not None:
            found[column] = names.index(alias)
    return found


def _names(text: str) -> list[str]:
    return [name.strip().strip('"').lower() for name in _first_line(text).split(_delimiter(text))]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _delimiter(text: str) -> str:
    return "\t" if "\t" in _first_line(text) else ","


def reader_of(text: str) -> "CsvReader":
    """Read CSV with quotes, TSV without."""
    lines = io.StringIO(text, newline="")
    if _delimiter(text) == "\t":
        return csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return csv.reader(lines, strict=True)
