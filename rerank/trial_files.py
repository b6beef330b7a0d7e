"""Trial lists and group lists as files."""

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import TrialError

GZIP_SUFFIX = ".gz"
MOST_UNZIPPED = 64 << 20
MOST_RATIO = 100
"""A text may unzip to 64 MiB, and to more as long as that is at most 100 times what is zipped."""

Record = tuple[int, str, dict[str, Any]]
"""A trial as it was read: its number, where it stands, its fields."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An anchor, its group, and the match where it is known.

    Parameters
    ----------
    id : names the trial in logs
    anchor : a reference to a recording: its id, stored path or file
    group : references to the candidates
    match : the candidate with the anchor's speaker, None if there is none of them
    answered : whether the match is known; False where the list does not say
    anchor_noise, group_noise : noise conditions, None or empty where the list does not say
    """

    id: str
    anchor: str
    group: tuple[str, ...]
    match: str | None = None
    answered: bool = True
    anchor_noise: str | None = None
    group_noise: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.anchor or not self.group or not all(self.group):
            raise TrialError(f"trial {self.id!r}: expected an anchor and a group without blanks")
        if self.match is not None and self.match not in self.group:
            raise TrialError(f"trial {self.id!r}: the match {self.match!r} is not in its group")
        if self.group_noise and len(self.group_noise) != len(self.group):
            raise TrialError(
                f"trial {self.id!r}: expected {len(self.group)} entries in group_noise,"
                f" got {len(self.group_noise)}"
            )


def read_trials(path: Path) -> list[Trial]:
    """Read trials from JSON: an object a line, or one array of them; or from CSV.

    CSV is told by a name in `.csv` and has `;` within the group. Either may be gzipped (`.gz`).

    Raises
    ------
    TrialError
        The file cannot be read or is empty, or a line is no trial; the message has its number.
    """
    is_csv = path.name.lower().removesuffix(GZIP_SUFFIX).endswith(".csv")
    records = _csv_records(path) if is_csv else _json_records(path)
    trials = []
    for number, where, record in records:
        try:
            trials.append(_trial(record, f"r{number}"))
        except TrialError as error:
            raise TrialError(f"{where}: {error}") from error
    if not trials:
        raise TrialError(f"expected trials in {path}, it has none; `spkret make-trials` draws some")
    return trials


def write_trials(path: Path, trials: Sequence[Trial]) -> None:
    """Write trials as JSON lines, gzipped where the name ends in `.gz`."""
    lines = [json.dumps(_record(trial), ensure_ascii=False) + "\n" for trial in trials]
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(lines).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == GZIP_SUFFIX else data)


def read_group(source: str | Path) -> list[str]:
    """Read a group: a path or id a line, from a file or, for `-`, from standard input.

    Blank lines and lines that start with `#` are skipped.

    Raises
    ------
    TrialError
        The file cannot be read, or names no recording.
    """
    lines = _numbered(sys.stdin) if str(source) == "-" else lines_of(Path(source))
    group = [line for _, line in lines if not line.startswith("#")]
    if not group:
        raise TrialError(f"expected a path or id a line in {source}, it names no recording")
    return group


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, stripped, with their numbers."""
    yield from _numbered(text_of(path).split("\n"))


def text_of(path: Path) -> str:
    """Read a text file, unzipped if its name ends in `.gz`, its line ends all alike.

    Raises
    ------
    TrialError
        It cannot be read or unzipped, or is not UTF-8.
    """
    try:
        data = _unzipped(path) if path.suffix.lower() == GZIP_SUFFIX else path.read_bytes()
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise TrialError(f"cannot read {path}: it is not UTF-8 text") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TrialError(f"cannot read {path}: {reason}") from error


def _unzipped(path: Path) -> bytes:
    most = max(MOST_UNZIPPED, MOST_RATIO * path.stat().st_size)
    with gzip.open(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(f"it unzips to more than {MOST_RATIO} times its size; unzip it yourself")
    return data


def _numbered(lines: Any) -> Iterator[tuple[int, str]]:
    stripped = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    yield from ((number, line) for number, line in stripped if line)


def _json_records(path: Path) -> Iterator[Record]:
    text = text_of(path)
    if text.lstrip().startswith("["):
        yield from _array_records(text, path)
        return
    for number, line in _numbered(text.split("\n")):
        where = f"{path}, line {number}"
        yield number, where, _object(_loaded(line, where), where)


def _array_records(text: str, path: Path) -> Iterator[Record]:
    for number, item in enumerate(_loaded(text, str(path)), 1):
        where = f"{path}, item {number}"
        yield number, where, _object(item, where)


def _loaded(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TrialError(f"{where}: expected a JSON object, {error}") from error


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TrialError(f"{where}: expected a JSON object, got {json.dumps(value)[:60]}")
    return value


def _csv_records(path: Path) -> Iterator[Record]:
    reader = csv.DictReader(io.StringIO(text_of(path)), strict=True)
    try:
        missing = sorted({"anchor", "group"} - set(reader.fieldnames or ()))
        if missing:
            raise TrialError(f"{path}, line 1: expected a column {missing[0]}, there is none")
        for row in reader:
            yield reader.line_num, f"{path}, line {reader.line_num}", _from_csv(row)
    except csv.Error as error:
        raise TrialError(f"{path}, line {reader.line_num}: {error}") from error


def _from_csv(row: dict[str, Any]) -> dict[str, Any]:
    """Split the lists of a row and drop its empty cells; an empty match is "unknown"."""
    record = {name: value for name, value in row.items() if name and value}
    for name in ("group", "group_noise"):
        if name in record:
            record[name] = [part.strip() for part in record[name].split(";") if part.strip()]
    return record


def _trial(record: dict[str, Any], default_id: str) -> Trial:
    group, noises = record.get("group"), record.get("group_noise") or []
    if not isinstance(group, list) or not isinstance(noises, list) or "anchor" not in record:
        raise TrialError("expected an anchor and a group, a list of paths")
    match, noise = record.get("match"), record.get("anchor_noise")
    return Trial(
        id=str(record.get("id", default_id)),
        anchor=_reference(record["anchor"]),
        group=tuple(_reference(member) for member in group),
        match=None if match is None else _reference(match),
        answered="match" in record,
        anchor_noise=None if noise is None else str(noise),
        group_noise=tuple(str(noise) for noise in noises),
    )


def _reference(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TrialError(f"expected a path or id, got {json.dumps(value)[:60]}")
    return str(value)


def _record(trial: Trial) -> dict[str, Any]:
    record: dict[str, Any] = {"id": trial.id, "anchor": trial.anchor}
    if trial.anchor_noise is not None:
        record["anchor_noise"] = trial.anchor_noise
    record["group"] = list(trial.group)
    if trial.group_noise:
        record["group_noise"] = list(trial.group_noise)
    if trial.answered:
        record["match"] = trial.match
    return record
