"""Which values of a tag, and how many recordings of each, take part in a probe."""

from dataclasses import dataclass

import numpy as np

from ...errors import StoreError, UsageError
from .rows import Integers, ProbeRows
from .target import Target

MIN_FOLDS = 2
MIN_CLASSES = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """How much takes part, and how it is split.

    Parameters
    ----------
    folds : of the cross-validation
    limit : recordings of each value at most, drawn over as many groups as there are
    classes : values at most, those with the most recordings
    seed : of the draw, the folds and the classifiers

    Raises
    ------
    UsageError
        A number is out of range.
    """

    folds: int = 5
    limit: int | None = None
    classes: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < MIN_FOLDS:
            raise UsageError(f"expected at least {MIN_FOLDS} folds, got {self.folds}")
        if self.classes < MIN_CLASSES:
            raise UsageError(f"expected at least {MIN_CLASSES} classes, got {self.classes}")
        if self.limit is not None and self.limit < self.folds:
            raise UsageError(
                f"expected a limit of at least {self.folds}, a recording a fold, got {self.limit}"
            )


@dataclass(frozen=True, slots=True)
class Choice:
    """The recordings that take part, and what was left out, in sentences."""

    rows: ProbeRows
    left_out: tuple[str, ...]


def choose(rows: ProbeRows, target: Target, scope: Scope) -> Choice:
    """Keep the values that can be cross-validated, the most frequent ones, and draw of each.

    Raises
    ------
    StoreError
        Fewer than two values have enough groups.
    """
    names, counts = np.unique(rows.labels.astype(np.str_), return_counts=True)
    by_size = [str(names[i]) for i in np.lexsort((names, -counts))]
    enough = [name for name in by_size if rows.groups_of(name) >= scope.folds]
    if len(enough) < MIN_CLASSES:
        raise StoreError(_refusal(rows, by_size, enough, target, scope.folds))
    picked = enough[: scope.classes]
    kept = np.concatenate([_drawn(rows, name, scope) for name in picked])
    left_out = _left_out(by_size, enough, picked, target, scope)
    return Choice(rows.take(np.sort(kept)), left_out)


def _drawn(rows: ProbeRows, name: str, scope: Scope) -> Integers:
    """Draw the recordings of a value: the first of each group, then the second ones, and so on."""
    positions = np.flatnonzero(rows.labels == name)
    shuffled = np.random.default_rng(scope.seed).permutation(positions)
    seen: dict[int, int] = {}
    turns = []
    for group in rows.groups[shuffled].tolist():
        turns.append(seen.get(group, 0))
        seen[group] = turns[-1] + 1
    return shuffled[np.argsort(turns, kind="stable")][: scope.limit]


def _refusal(
    rows: ProbeRows, names: list[str], enough: list[str], target: Target, folds: int
) -> str:
    what = _unit(target)
    each = ", ".join(f"{name}: {rows.groups_of(name)}" for name in names[:5])
    found = f"{len(enough)} of {len(names)} ({each}{' …' if len(names) > 5 else ''})"
    return (
        f"expected at least {MIN_CLASSES} values of {target} with {folds} {what} each, found"
        f" {found if names else 'no recording with a declared tag and a speaker'};"
        " label more recordings, widen --where, or use fewer --folds"
    )


def _left_out(
    names: list[str], enough: list[str], picked: list[str], target: Target, scope: Scope
) -> tuple[str, ...]:
    lines = []
    if few := [name for name in names if name not in set(enough)]:
        lines.append(
            f"{_listed(few)} left out: fewer than {scope.folds} {_unit(target)}, one a fold"
        )
    if rest := enough[len(picked) :]:
        lines.append(f"{_listed(rest)} left out: only the {len(picked)} most frequent take part")
    return tuple(lines)


def _unit(target: Target) -> str:
    return "files or sessions" if target is Target.SPEAKER else "speakers"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
