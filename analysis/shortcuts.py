"""Columns that give a label away without any voice: duration, level, band, noise, sample rate."""

import json
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from .findings import Finding, Kind, Severity
from .rows import AuditRows, Rows, groups_of
from .spread import same_group_auc, spread_between

Doubles = npt.NDArray[np.float64]

SHARE_OF_VARIANCE = 0.5
SIGNIFICANCE = 1e-3
SAME_SPEAKER_AUC = 0.65
_LEVEL_WORDS = ("loudness", "lufs", "level", "rms")


def speaker_shortcuts(rows: AuditRows) -> Iterator[Finding]:
    """Find the columns that tell the speakers of a language apart."""
    speakers, columns = rows.voices.speakers, columns_of(rows)
    for language in groups_of(rows.voices.languages.astype(np.str_)):
        labelled = language[speakers[language] != None]  # noqa: E711 - elementwise
        for name, values in columns.items():
            yield from _speaker_shortcut(rows, name, values, labelled)


def _speaker_shortcut(
    rows: AuditRows, name: str, values: Doubles, among: Rows
) -> Iterator[Finding]:
    known = among[np.isfinite(values[among])]
    names = rows.voices.speakers[known].astype(np.str_)
    spread = spread_between(values[known], names)
    if spread is None or spread.share < SHARE_OF_VARIANCE or spread.p_value > SIGNIFICANCE:
        return
    auc = same_group_auc(values[known], names)
    if auc < SAME_SPEAKER_AUC:
        return
    language = rows.voices.languages[known[0]]
    yield Finding(
        Kind.SHORTCUT,
        Severity.WARNING,
        f"in language {language}, {name} alone tells speakers apart: {spread.share:.0%} of its"
        f" variance lies between them, and it alone would verify speakers with an area under the"
        f" ROC curve of {auc:.2f} (0.5 is chance)",
        (),
        {
            "column": name,
            "share_between_speakers": spread.share,
            "same_speaker_auc": auc,
            "p_value": spread.p_value,
            "recordings": len(known),
        },
        "figures may measure the channel, not the voice: compare within one channel, or add"
        " recordings of each speaker over others",
    )


def condition_shortcuts(rows: AuditRows) -> Iterator[Finding]:
    """Find the durations and levels that tell the noise conditions of a language apart.

    Band, noise and sample rate are what the conditions are made of: these may differ.
    """
    columns = {
        name: values
        for name, values in columns_of(rows).items()
        if name == "duration_s" or _is_level(name)
    }
    for language in groups_of(rows.voices.languages.astype(np.str_)):
        for name, values in columns.items():
            yield from _condition_shortcut(rows, name, values, language)


def _condition_shortcut(
    rows: AuditRows, name: str, values: Doubles, among: Rows
) -> Iterator[Finding]:
    known = among[np.isfinite(values[among])]
    spread = spread_between(values[known], rows.voices.noises[known].astype(np.str_), fewest=2)
    if spread is None or spread.share < SHARE_OF_VARIANCE or spread.p_value > SIGNIFICANCE:
        return
    language = rows.voices.languages[known[0]]
    yield Finding(
        Kind.SHORTCUT,
        Severity.WARNING,
        f"in language {language}, {name} alone tells noise conditions apart:"
        f" {spread.share:.0%} of its variance lies between them",
        (),
        {
            "column": name,
            "share_between_conditions": spread.share,
            "p_value": spread.p_value,
            "recordings": len(known),
        },
        "a difference between conditions may be one of this column: compare recordings alike in it",
    )


def columns_of(rows: AuditRows) -> Mapping[str, Doubles]:
    """Return the columns that say nothing of a voice, float64 (n,) each, NaN where unknown.

    Levels are those columns of the manifest whose names speak of loudness and that are numbers.
    """
    stored = {
        "duration_s": rows.durations,
        "sample_rate_hz": rows.sample_rates,
        "bandwidth_hz": rows.voices.bandwidth_hz,
        "snr_db": rows.voices.snr_db,
    }
    extras = [json.loads(text or "{}") for text in rows.extras.tolist()]
    names = sorted(filter(_is_level, set().union(*extras)))
    levels = {name: np.array([_number(extra.get(name)) for extra in extras]) for name in names}
    return {name: values.astype(np.float64) for name, values in stored.items()} | levels


def _is_level(name: str) -> bool:
    return any(word in name.lower() for word in _LEVEL_WORDS)


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return float("nan")
