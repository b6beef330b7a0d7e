"""Speakers and recordings that two lists of trials have in common."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..rerank.trials import Trial
from .findings import Finding, Kind, Severity
from .rows import AuditRows, Rows
from .wording import counted

TrialLists = Mapping[str, Sequence[Trial]]


@dataclass(frozen=True, slots=True)
class ListedRows:
    """The recordings that a list of trials names: stored rows, and names that fit no single one."""

    rows: Rows
    unknown: Sequence[str]


def shared_by_trials(rows: AuditRows, lists: TrialLists) -> Iterator[Finding]:
    """Compare lists of trials two by two, and say which recordings are not stored."""
    row_of = _rows_by_name(rows)
    listed = {name: _listed(trials, row_of) for name, trials in lists.items()}
    for name, found in listed.items():
        if found.unknown:
            yield _unknown(name, found.unknown)
    for (first, left), (second, right) in combinations(listed.items(), 2):
        yield from _shared(rows, f"{first} and {second}", left.rows, right.rows)


def _shared(rows: AuditRows, lists: str, left: Rows, right: Rows) -> Iterator[Finding]:
    speakers = sorted(set(rows.speakers_of(left)) & set(rows.speakers_of(right)))
    contents = set(_contents(rows, left)) & set(_contents(rows, right))
    if not speakers and not contents:
        return
    both = np.union1d(left, right)
    of_speakers = np.isin(rows.voices.speakers[both].astype(np.str_), speakers)
    of_contents = np.array([name in contents for name in _contents(rows, both)], bool)
    yield Finding(
        Kind.SHARED_TRIALS,
        Severity.SERIOUS,
        f"{lists} share {counted(len(speakers), 'speaker')} and"
        f" {counted(len(contents), 'recording')}",
        rows.named(both[of_speakers | of_contents]),
        {
            "speakers": len(speakers),
            "recordings": len(contents),
            "speaker_names": ", ".join(speakers),
        },
        "draw them apart: spkret make-trials --holdout 0.3 for training, with --held-out for tests",
    )


def _contents(rows: AuditRows, among: Rows) -> list[str]:
    """Name the content of rows: two files with one content are one recording."""
    pairs = zip(rows.voices.content_hashes[among], rows.voices.ids[among], strict=True)
    return [f"#{id_}" if content is None else str(content) for content, id_ in pairs]


def _unknown(name: str, unknown: Sequence[str]) -> Finding:
    return Finding(
        Kind.UNKNOWN_IN_TRIALS,
        Severity.WARNING,
        f"{name} names {counted(len(unknown), 'recording')} not, or not clearly, in the store",
        unknown,
        {"recordings": len(unknown)},
        "index them, or name them by id or full path; their speakers were not compared",
    )


def _listed(trials: Sequence[Trial], row_of: Mapping[str, int]) -> ListedRows:
    names = {name for trial in trials for name in (trial.anchor, *trial.group)}
    found = sorted({row_of[name] for name in names if name in row_of})
    return ListedRows(np.array(found, np.int64), sorted(names - row_of.keys()))


def _rows_by_name(rows: AuditRows) -> dict[str, int]:
    """Map ids, full paths and stored paths to rows; a path under two roots names neither."""
    times = Counter(rows.references[:, 0].tolist())
    row_of = {str(id_): row for row, id_ in enumerate(rows.voices.ids.tolist())}
    for row, (path, full) in enumerate(rows.references.tolist()):
        row_of.setdefault(full, row)
        if times[path] == 1:
            row_of.setdefault(path, row)
    return row_of
