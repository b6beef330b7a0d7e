"""Trials as groups of row numbers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import TrialError
from ..retrieval.groups import Groups
from ..retrieval.library import Embed, Gathered, Library
from ..store.scores import TRIALS_SCHEMA
from .trial_files import Trial

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrialGroups:
    """Trials whose match is known, as groups.

    Parameters
    ----------
    trials : those that are used
    gathered : their recordings
    groups : anchors and candidates
    matches : (groups,), the position of each group's match among all candidates
    skipped : how many trials were left out
    warnings : why, in plain words
    """

    trials: Sequence[Trial]
    gathered: Gathered
    groups: Groups
    matches: Rows
    skipped: int
    warnings: Sequence[str]


def group_trials(trials: Sequence[Trial], library: Library, embed: Embed | None) -> TrialGroups:
    """Gather the recordings of trials and lay them out as groups.

    Candidates listed twice, or that are the anchor itself, are left out; so are trials that name a
    recording that is not there, and those without a known match among the others.

    Raises
    ------
    TrialError
        No trial is left.
    AmbiguousRecordingError
        A trial names several recordings at once.
    """
    total = len(trials)
    trials, warnings = _present(trials, library)
    references = [name for t in trials for name in (t.anchor, *t.group)]
    gathered = library.gather(references, embed).in_order()
    row_of = dict(zip(references, gathered.rows.tolist(), strict=True))
    content = gathered.voices.content_hashes
    used, members, within = [], [], []
    for trial in trials:
        hidden = content[row_of[trial.anchor]]
        rows = np.array([row_of[name] for name in dict.fromkeys(trial.group)], np.int64)
        kept = np.unique(rows[content[rows] != hidden]).tolist()
        match = None if trial.match is None else row_of[trial.match]
        if match in kept:
            used.append(trial)
            members.append(kept)
            within.append(kept.index(match))
    if not used:
        raise TrialError("expected trials whose match is among their candidates, got none")
    groups = Groups.of([row_of[trial.anchor] for trial in used], members)
    if len(used) < len(trials):
        warnings += [f"{len(trials) - len(used)} trials have no match among their candidates"]
    matches = groups.offsets[:-1] + np.array(within, np.int64)
    return TrialGroups(used, gathered, groups, matches, total - len(used), warnings)


def _present(trials: Sequence[Trial], library: Library) -> tuple[Sequence[Trial], list[str]]:
    """Return the trials whose recordings are all there, and a warning of the others."""
    missing = library.missing([name for t in trials for name in (t.anchor, *t.group)])
    if not missing:
        return trials, []
    present = [t for t in trials if missing.isdisjoint((t.anchor, *t.group))]
    if not present:
        raise TrialError(
            f"expected trials of recordings that are there, got {len(trials)} that each name one"
            f" that is not, such as {first_of(missing)}; index them, or mend the paths"
        )
    left_out = f"{len(trials) - len(present)} trials"
    return present, [f"{left_out} name recordings that are not there: {first_of(missing)}"]


def first_of(missing: Collection[str], count: int = 3) -> str:
    """Name the first few, by name, and tell whether there are more."""
    shown = ", ".join(repr(name) for name in sorted(missing)[:count])
    return f"{shown}, …" if len(missing) > count else shown


def log_trials(laid: TrialGroups, query_ids: npt.NDArray[np.object_]) -> pa.Table:
    """Make the rows of the store's trials table; `query_ids` (groups,) are those of the scores."""
    ids = [
        id_ if stored else None
        for id_, stored in zip(
            laid.gathered.voices.ids.tolist(), laid.gathered.stored.tolist(), strict=True
        )
    ]
    now, groups = datetime.now(UTC), laid.groups
    rows = [
        {
            "trial_id": trial.id,
            "anchor": trial.anchor,
            "group": list(trial.group),
            "match": trial.match,
            "anchor_id": ids[groups.anchors[number]],
            "match_id": ids[groups.candidates[laid.matches[number]]],
            "group_ids": [ids[row] for row in groups.members(number)],
            "created_at": now,
            "query_id": query_ids[number],
        }
        for number, trial in enumerate(laid.trials)
    ]
    return pa.Table.from_pylist(rows, TRIALS_SCHEMA)
