"""A map of the store: embeddings laid out on a plane."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..projection import Projection, project, sample_by_speaker
from ..rows import AuditRows

_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class EmbeddingMap:
    """Recordings on a plane, one value a recording in each list.

    Attributes
    ----------
    projection : how they were laid out
    of : recordings in the store, of which these were drawn by whole speakers
    x, y : where each stands
    paths, speakers, genders, languages, noises : what each is; None where unknown
    """

    projection: str
    of: int
    x: Sequence[float]
    y: Sequence[float]
    paths: Sequence[str]
    speakers: Sequence[str | None]
    genders: Sequence[str | None]
    languages: Sequence[str]
    noises: Sequence[str]


def map_embeddings(
    rows: AuditRows, projection: Projection, points: int, seed: int = 0
) -> EmbeddingMap:
    """Lay out at most `points` recordings."""
    voices = rows.voices
    drawn = sample_by_speaker(voices.speakers, points, seed)
    placed = np.round(project(voices.embeddings[drawn], projection, seed).astype(float), _DECIMALS)
    x, y = placed.T.tolist()
    labels = (rows.paths, voices.speakers, voices.genders, voices.languages, voices.noises)
    return EmbeddingMap(
        projection.value, len(rows), x, y, *(column[drawn].tolist() for column in labels)
    )
