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
    return audit_rows(AuditRows.of(recordings), lists)


def audit_rows(
    rows: AuditRows, lists: TrialLists, compared: AuditRows | None = None
) -> AuditReport:
    """Audit rows that were read already.

    Parameters
    ----------
    compared : those of them whose voices are compared with all others of these; by default all
    """
    if not len(rows):
        return AuditReport(0, 0, float("nan"), (), 0)
    compared = rows if compared is None else compared
    similar = similar_pairs(compared)
    findings = [
        *duplicates.same_content(rows),
        *duplicates.same_audio(compared, similar),
        *duplicates.two_labels(compared, similar),
        *outliers.label_outliers(compared),
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
    return AuditReport(len(rows), speakers, similar.cut, in_order(findings), len(compared))
