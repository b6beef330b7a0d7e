"""Audit a store: all kinds of findings, in one report."""

import numpy as np
import pyarrow as pa

from . import channels, coverage, duplicates, outliers, shared, shortcuts
from .findings import AuditReport, in_order
from .rows import AuditRows
from .shared import TrialLists
from .similar import similar_pairs


def audit(recordings: pa.Table, lists: TrialLists) -> AuditReport:
    """Look for what makes figures or matches wrong.

    Parameters
    ----------
    recordings : `AuditRows.COLUMNS` of a store's table, in any order
    lists : lists of trials by name, to be compared with each other

    Returns
    -------
    report : the same for any order of the rows
    """
    if not recordings.num_rows:
        return AuditReport(0, 0, float("nan"), ())
    rows = AuditRows.of(recordings)
    similar = similar_pairs(rows)
    findings = [
        *duplicates.same_content(rows),
        *duplicates.same_audio(rows, similar),
        *duplicates.two_labels(rows, similar),
        *outliers.label_outliers(rows),
        *shared.shared_by_trials(rows, lists),
        *coverage.small_cells(rows),
        *coverage.no_trials(rows),
        *coverage.single_recordings(rows),
        *coverage.missing_tags(rows),
        *shortcuts.speaker_shortcuts(rows),
        *shortcuts.condition_shortcuts(rows),
        *channels.own_channels(rows),
    ]
    speakers = len(rows.speakers_of(np.arange(len(rows))))
    return AuditReport(len(rows), speakers, similar.cut, in_order(findings))
