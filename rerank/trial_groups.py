"""Trials as groups of row numbers."""

from collections.abc import Sequence
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

    Candidates listed twice, or that are the anchor itself, are left out; so are trials without a
    known match among the others.

    Raises
    ------
    TrialError
        No trial is left.
    RecordingError
        A trial names a recording that is not there.
    """
    gathered = library.gather([name for t in trials for name in (t.anchor, *t.group)], embed)
    row_of = {
        name: int(row)
        for name, row in zip(
            (n for t in trials for n in (t.anchor, *t.group)), gathered.rows, strict=True
        )
    }
    content = gathered.voices.content_hashes
    used, members, within = [], [], []
    for trial in trials:
        hidden = content[row_of[trial.anchor]]
        rows = dict.fromkeys(row_of[name] for name in trial.group)
        kept = [row for row in rows if content[row] != hidden]
        match = None if trial.match is None else row_of[trial.match]
        if match in kept:
            used.append(trial)
            members.append(kept)
            within.append(kept.index(match))
    if not used:
        raise TrialError("expected trials whose match is among their candidates, got none")
    groups = Groups.of([row_of[trial.anchor] for trial in used], members)
    skipped = len(trials) - len(used)
    warnings = [f"{skipped} trials have no match among their candidates"] if skipped else []
    matches = groups.offsets[:-1] + np.array(within, np.int64)
    return TrialGroups(used, gathered, groups, matches, skipped, warnings)


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
