"""What a store has too little of: cells, recordings of a speaker, tags."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..retrieval.voices import Labels
from ..store.schema import UNKNOWN_LANGUAGE, Noise
from .findings import Finding, Kind, Severity
from .rows import AuditRows, groups_of
from .wording import counted

SPEAKERS_TO_CENTRE = 10
SPEAKERS_TO_EVALUATE = 5


def small_cells(rows: AuditRows) -> Iterator[Finding]:
    """Find the cells (language and noise) with too few speakers to centre or to evaluate.

    The mean of a cell with fewer than 10 speakers is shrunk by more than half towards the store's.
    """
    voices = rows.voices
    cells = (voices.languages + "/" + voices.noises).astype(np.str_)
    speakers = {
        cells[group[0]]: (len(rows.speakers_of(group)), group) for group in groups_of(cells)
    }
    small = {cell: (n, group) for cell, (n, group) in speakers.items() if n < SPEAKERS_TO_CENTRE}
    if not small:
        return
    tiny = sum(n < SPEAKERS_TO_EVALUATE for n, _ in small.values())
    yield Finding(
        Kind.SMALL_CELLS,
        Severity.WARNING,
        f"{len(small)} of {counted(len(speakers), 'cell')} (a language and a noise condition) have"
        f" fewer than {SPEAKERS_TO_CENTRE} speakers, too few to know their mean well; {tiny} have"
        f" fewer than {SPEAKERS_TO_EVALUATE}, too few to evaluate",
        rows.named(np.concatenate([group for _, group in small.values()])),
        {str(cell): n for cell, (n, _) in small.items()},
        "read figures of these cells as anecdotes; add speakers, or tag the noise that is unknown",
    )


def no_trials(rows: AuditRows) -> Iterator[Finding]:
    """Find the languages from which no trial can be drawn."""
    for group in groups_of(rows.voices.languages.astype(np.str_)):
        labelled = group[rows.voices.speakers[group] != None]  # noqa: E711 - elementwise
        _, counts = np.unique(rows.voices.speakers[labelled].astype(np.str_), return_counts=True)
        if len(counts) < 2 or counts.max() < 2:
            language = rows.voices.languages[group[0]]
            yield Finding(
                Kind.NO_TRIALS,
                Severity.NOTE,
                f"language {language} gives no trial: {counted(len(counts), 'labelled speaker')},"
                f" {int((counts > 1).sum())} with two recordings or more",
                rows.named(group),
                {"speakers": len(counts), "anchors": int((counts > 1).sum())},
                "a trial needs two speakers of one language, one of them with two recordings",
            )


def single_recordings(rows: AuditRows) -> Iterator[Finding]:
    """Find the speakers that can be no anchor: all they have is one recording in a language."""
    labelled = np.flatnonzero(rows.voices.speakers != None)  # noqa: E711 - elementwise
    speakers = rows.voices.speakers[labelled].astype(np.str_)
    names, which, counts = np.unique(speakers, return_inverse=True, return_counts=True)
    single = labelled[counts[which] == 1]
    if len(single):
        yield Finding(
            Kind.SINGLE_RECORDING,
            Severity.NOTE,
            f"{len(single):,} of {counted(len(names), 'speaker')} with one recording only",
            rows.named(single),
            {"speakers": len(single), "of": len(names)},
            "they can be candidates, never anchors; add recordings if they are to be looked for",
        )


def missing_tags(rows: AuditRows) -> Iterator[Finding]:
    """Find the recordings without a speaker, language, noise condition or gender."""
    voices = rows.voices
    for tag, severity, missing in (
        ("speaker", Severity.WARNING, _equal(voices.speakers, None)),
        ("language", Severity.WARNING, _equal(voices.languages, UNKNOWN_LANGUAGE)),
        ("noise", Severity.WARNING, _equal(voices.noises, Noise.UNKNOWN.value)),
        ("gender", Severity.NOTE, _equal(voices.genders, None)),
    ):
        if missing.any():
            yield Finding(
                Kind.MISSING_TAG,
                severity,
                f"{int(missing.sum()):,} of {counted(len(rows), 'recording')} without a {tag}",
                rows.named(np.flatnonzero(missing)),
                {"recordings": int(missing.sum()), "of": len(rows)},
                f"give a {tag} in the manifest and index again: only the tags are written anew",
            )


def _equal(values: Labels, missing: str | None) -> npt.NDArray[np.bool_]:
    equal: npt.NDArray[np.bool_] = values == missing
    return equal
