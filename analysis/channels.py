"""Speakers that alone were recorded in a way: a sample rate or band that the others lack."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .findings import Finding, Kind, Severity
from .rows import AuditRows, Rows, groups_of

Doubles = npt.NDArray[np.float64]

FEWEST_RECORDINGS = 3
FEWEST_OTHERS = 20
RARE = 0.05
_BANDS_HZ = (2_500, 4_500, 6_500)


def own_channels(rows: AuditRows) -> Iterator[Finding]:
    """Find speakers all of whose recordings share a sample rate or band that the others lack.

    Bands are told apart at 2.5, 4.5 and 6.5 kHz.
    """
    bands = np.searchsorted(_BANDS_HZ, rows.voices.bandwidth_hz).astype(np.float64)
    known = np.isfinite(rows.voices.bandwidth_hz)
    classes = {
        "sample_rate_hz": rows.sample_rates.astype(np.float64),
        "bandwidth_hz": np.where(known, bands, np.nan),
    }
    for language in groups_of(rows.voices.languages.astype(np.str_)):
        labelled = language[rows.voices.speakers[language] != None]  # noqa: E711 - elementwise
        speakers = groups_of(rows.voices.speakers[labelled].astype(np.str_))
        for name, values in classes.items():
            yield from _of_column(rows, name, values, language, [labelled[g] for g in speakers])


def _of_column(
    rows: AuditRows, name: str, values: Doubles, language: Rows, speakers: list[Rows]
) -> Iterator[Finding]:
    """Compare what all recordings of a speaker share with all others of the language."""
    distinct, counts = np.unique(values[language], return_counts=True)
    count_of = dict(zip(distinct.tolist(), counts.tolist(), strict=True))
    for own in speakers:
        shared, others = values[own[0]], len(language) - len(own)
        if len(own) < FEWEST_RECORDINGS or others < FEWEST_OTHERS or (values[own] != shared).any():
            continue
        share = (count_of[float(shared)] - len(own)) / others
        if share < RARE:
            yield _finding(rows, name, own, share)


def _finding(rows: AuditRows, name: str, own: Rows, share: float) -> Finding:
    column = rows.sample_rates if name == "sample_rate_hz" else rows.voices.bandwidth_hz
    middle = float(np.median(column[own]))
    speaker, language = rows.voices.speakers[own[0]], rows.voices.languages[own[0]]
    return Finding(
        Kind.OWN_CHANNEL,
        Severity.WARNING,
        f"all {len(own)} recordings of {speaker} have a {name} near {middle:.0f}; of the others in"
        f" language {language}, only {share:.1%} have",
        rows.named(own),
        {"column": name, "median": middle, "recordings": len(own), "share_of_others": share},
        "whoever is recorded that way may be taken for this speaker: add other recordings of both",
    )
