"""Recordings that do not sound like their speaker, and do like another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.normalize import Background, Floats, unit
from .findings import Finding, Kind, Severity
from .rows import AuditRows, Rows

FEWEST_RECORDINGS = 3
FEWEST_SCORED = 20
DEVIATIONS = 5.0
_ROWS_A_BLOCK = 2_048

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fit:
    """How well recordings fit their label.

    Attributes
    ----------
    rows : int64 (n,), of recordings whose speaker has at least two others
    own : float64 (n,), cosine to the mean of the speaker's other recordings
    other : float64 (n,), cosine to the nearest mean of another speaker
    nearest : str (n,), that speaker
    """

    rows: Rows
    own: Doubles
    other: Doubles
    nearest: npt.NDArray[np.object_]

    @property
    def score(self) -> Doubles:
        """Deviations of `own - other` from its median, by the median absolute deviation."""
        margin = self.own - self.other
        centred = margin - np.median(margin)
        return np.asarray(centred / max(1.4826 * float(np.median(np.abs(centred))), 1e-6))


def label_outliers(rows: AuditRows) -> Iterator[Finding]:
    """Find recordings far from their speaker's others and nearer to another speaker.

    Five robust deviations below the median margin, and it fits the other speaker better than the
    worst twentieth of all recordings fits its own; serious if better than half of them do.
    """
    fit = fit_of(rows)
    if len(fit.rows) < FEWEST_SCORED:
        return
    score, (low, usual) = fit.score, np.quantile(fit.own, [0.05, 0.5]).tolist()
    for at in np.flatnonzero((score < -DEVIATIONS) & (fit.other >= low)).tolist():
        row, speaker = int(fit.rows[at]), rows.voices.speakers[fit.rows[at]]
        yield Finding(
            Kind.LABEL_OUTLIER,
            Severity.SERIOUS if fit.other[at] >= usual else Severity.WARNING,
            f"{rows.paths[row]} is labelled {speaker} and sounds like {fit.nearest[at]}",
            rows.named(np.array([row])),
            {
                "cosine_to_label": float(fit.own[at]),
                "cosine_to_nearest": float(fit.other[at]),
                "usual_cosine_to_label": usual,
                "deviations": float(score[at]),
            },
            "listen to it beside both speakers' recordings; mend its label, or drop it",
        )


def fit_of(rows: AuditRows) -> Fit:
    """Compare each recording with leave-one-out means of its speaker and with all other means.

    Embeddings are centred on their cells; each content counts once.
    """
    distinct = rows.distinct()
    labelled = distinct[rows.voices.speakers[distinct] != None]  # noqa: E711 - elementwise
    if not len(labelled):
        return Fit(labelled, np.empty(0), np.empty(0), np.empty(0, object))
    embeddings = Background.fit(rows.voices).centre(rows.voices.take(labelled))
    names, speaker_of = np.unique(
        rows.voices.speakers[labelled].astype(np.str_), return_inverse=True
    )
    sums = np.zeros((len(names), embeddings.shape[1]), np.float32)
    np.add.at(sums, speaker_of, embeddings)
    enough = np.flatnonzero(np.bincount(speaker_of)[speaker_of] >= FEWEST_RECORDINGS)
    own = _own(embeddings[enough], sums[speaker_of[enough]])
    other, nearest = _nearest_other(embeddings[enough], unit(sums), speaker_of[enough])
    return Fit(labelled[enough], own, other, names.astype(object)[nearest])


def _own(embeddings: Floats, sums: Floats) -> Doubles:
    others = unit(sums - embeddings)
    return np.asarray(np.sum(embeddings * others, axis=1), np.float64)


def _nearest_other(
    embeddings: Floats, means: Floats, speaker_of: npt.NDArray[np.intp]
) -> tuple[Doubles, npt.NDArray[np.intp]]:
    cosine = np.full(len(embeddings), -1.0)
    nearest = np.zeros(len(embeddings), np.intp)
    for start in range(0, len(embeddings), _ROWS_A_BLOCK):
        block = slice(start, start + _ROWS_A_BLOCK)
        cosines = embeddings[block] @ means.T
        within = np.arange(len(cosines))
        cosines[within, speaker_of[block]] = -2
        nearest[block] = cosines.argmax(axis=1)
        cosine[block] = cosines[within, nearest[block]]
    return np.maximum(cosine, -1.0), nearest
