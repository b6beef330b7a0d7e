"""The user's own columns as features: what a manifest says besides the tags that spkret knows.

A numeric column gives its smaller and larger value of a pair and their difference, a categorical
one whether both agree. Values are read from the `extra` column of the recordings.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import UsageError
from ..retrieval.groups import Groups
from ..retrieval.voices import Labels

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_FORMS = {"numeric": ("min", "max", "diff"), "categorical": ("same",)}
_SHOWN = 20


class Kind(StrEnum):
    """How to compare the values of a column."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"


@dataclass(frozen=True, slots=True)
class UserColumn:
    """One column of the manifest, and how to compare it."""

    name: str
    kind: Kind

    @classmethod
    def from_dict(cls, fields: dict[str, str]) -> Self:
        """Read what `dataclasses.asdict` gave, out of JSON."""
        return cls(str(fields["name"]), Kind(fields["kind"]))

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it gives."""
        return tuple(f"{self.name}:{form}" for form in _FORMS[self.kind])


def read_columns(given: Sequence[str], extras: Labels) -> tuple[UserColumn, ...]:
    """Read columns as a user names them: `COLUMN`, `COLUMN:numeric` or `COLUMN:categorical`.

    Without a kind, a column is numeric if all that is known of it are numbers.

    Parameters
    ----------
    given : the columns
    extras : JSON objects of the recordings to train on

    Raises
    ------
    UsageError
        A column is named twice, is not there, or holds something else than numbers.
    """
    rows = [json.loads(text) for text in sorted(set(extras.tolist()))]
    columns = tuple(_column(each, rows) for each in given)
    repeated = [name for name, times in Counter(c.name for c in columns).items() if times > 1]
    if repeated:
        raise UsageError(f"expected every feature column once, got {repeated[0]!r} again")
    return columns


def _column(given: str, rows: Sequence[dict[str, str]]) -> UserColumn:
    name, kind = _name_and_kind(given, rows)
    values = [row[name] for row in rows if row.get(name)]
    if not values:
        there = sorted({key for row in rows for key, value in row.items() if value})
        shown = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
        raise UsageError(
            f"expected a column of the manifest that the recordings of these trials have, got"
            f" {name!r}; they have {shown or 'no other columns'}"
        )
    words = [value for value in values if np.isnan(_number(value))]
    if kind is Kind.NUMERIC and words:
        raise UsageError(
            f"expected numbers in the column {name!r}, got {words[0]!r}; use {name}:categorical"
        )
    return UserColumn(name, kind or (Kind.CATEGORICAL if words else Kind.NUMERIC))


def _name_and_kind(given: str, rows: Sequence[dict[str, str]]) -> tuple[str, Kind | None]:
    """Split at the last colon, unless a column has it in its name."""
    name, colon, kind = given.rpartition(":")
    if not colon or any(given in row for row in rows):
        return given, None
    if kind not in list(Kind):
        raise UsageError(f"expected {name}:{' or :'.join(Kind)} of a feature column, got {given!r}")
    return name, Kind(kind)


def user_features(
    extras: Labels, groups: Groups, columns: Sequence[UserColumn]
) -> dict[str, Doubles]:
    """Compare the user's columns of every candidate and its anchor: float64 (total,) each."""
    if not columns:
        return {}
    parsed = {text: json.loads(text) for text in set(extras.tolist())}
    rows = [parsed[text] for text in extras.tolist()]
    found: dict[str, Doubles] = {}
    for column in columns:
        texts = [row.get(column.name) or "" for row in rows]
        compare = _COMPARE[column.kind]
        found |= dict(zip(column.names, compare(texts, groups), strict=True))
    return found


def _numeric(texts: Sequence[str], groups: Groups) -> tuple[Doubles, ...]:
    values = np.array([_number(text) for text in texts])
    left, right = values[groups.anchor_rows], values[groups.candidates]
    return np.minimum(left, right), np.maximum(left, right), np.abs(left - right)


def _categorical(texts: Sequence[str], groups: Groups) -> tuple[Doubles, ...]:
    values = np.array(texts, object)
    left, right = values[groups.anchor_rows], values[groups.candidates]
    unknown = (left == "") | (right == "")
    return (np.where(unknown, np.nan, left == right).astype(np.float64),)


_COMPARE: dict[Kind, Callable[[Sequence[str], Groups], tuple[Doubles, ...]]] = {
    Kind.NUMERIC: _numeric,
    Kind.CATEGORICAL: _categorical,
}


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def pooled(extras: Labels) -> str:
    """Join the columns of several recordings.

    The value of more than half of them as it is written, else the median of numbers, else the
    commonest value.
    """
    if set(extras.tolist()) == {"{}"}:
        return "{}"
    values: dict[str, list[str]] = {}
    for text in extras.tolist():
        for name, value in json.loads(text).items():
            if value:
                values.setdefault(name, []).append(value)
    return json.dumps({name: _middle(written) for name, written in values.items()})


def _middle(written: Sequence[str]) -> str:
    counts = Counter(written)
    commonest = min(counts, key=lambda value: (-counts[value], value))
    numbers = [_number(value) for value in written]
    if 2 * counts[commonest] > len(written) or np.isnan(numbers).any():
        return commonest
    return str(float(np.median(numbers)))
