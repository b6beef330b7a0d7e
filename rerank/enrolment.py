"""Labelled speakers as candidates: each enrolled by the mean of all their recordings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.library import Gathered
from ..retrieval.normalize import Background, Centred, names_of, unit
from ..retrieval.voices import Labelled, Labels, Voices

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SpeakerMeans:
    """Every labelled speaker of a store and the mean of their centred embeddings.

    Parameters
    ----------
    speakers : str (n,), sorted
    embeddings : float32 (n, dimension), of unit length
    leave_out : the id of a recording that enrols nobody
    """

    speakers: npt.NDArray[np.str_]
    embeddings: Floats
    leave_out: int

    def nearest(self, embedding: Floats, k: int) -> list[str]:
        """Name the `k` speakers nearest to a centred embedding (dimension,), the nearest first."""
        if not len(self.speakers):
            return []
        order = np.argsort(-(self.embeddings @ embedding), kind="stable")[:k]
        return [str(name) for name in self.speakers[order]]

    def recordings_of(self, labelled: Labelled, speakers: Sequence[str]) -> Rows:
        """Return the ids of these speakers' recordings, less the one left out."""
        chosen = np.isin(labelled.speakers.astype(np.str_), list(speakers))
        ids: Rows = labelled.ids[chosen & _named(labelled) & (labelled.ids != self.leave_out)]
        return ids


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An anchor, row 0, and speakers as if each were one recording, in the rows after it.

    Parameters
    ----------
    gathered, centred : the rows
    speakers, counts : of each speaker: the name, and how many recordings enrol it
    """

    gathered: Gathered
    centred: Centred
    speakers: Sequence[str]
    counts: Sequence[int]


def speaker_means(labelled: Labelled, background: Background, leave_out: int) -> SpeakerMeans:
    """Average the centred embeddings of every labelled speaker, without one recording."""
    chosen = np.flatnonzero(_named(labelled) & (labelled.ids != leave_out))
    part = labelled.take(chosen)
    speakers, which = np.unique(part.speakers.astype(np.str_), return_inverse=True)
    return SpeakerMeans(speakers, _means(background.centre(part), which, len(speakers)), leave_out)


def enrol(
    asked: Gathered, recordings: Gathered, background: Background, leave_out: int
) -> Enrolled:
    """Turn speakers into candidates: mean embedding, and what is usual of their recordings.

    Parameters
    ----------
    asked : the anchor
    recordings : of the speakers to compare with, all labelled
    background : of the store
    leave_out : the id of the anchor's own recording; also kept out of the cohort
    """
    voices = recordings.voices
    speakers, which = np.unique(voices.speakers.astype(np.str_), return_inverse=True)
    pooled = _pooled(voices, which, len(speakers))
    names = np.concatenate([names_of(asked.voices), speakers])
    centred = np.concatenate(
        [background.centre(asked.voices), _means(background.centre(voices), which, len(speakers))]
    )
    gathered = Gathered(
        asked.voices.joined(pooled),
        np.concatenate([asked.paths, speakers.astype(object)]),
        np.array([True] + [False] * len(speakers)),
        np.arange(1 + len(speakers)),
    )
    cohort = background.without([], [leave_out])
    counts = np.bincount(which, minlength=len(speakers)).tolist()
    return Enrolled(gathered, cohort.compare(centred, names), speakers.tolist(), counts)


def _named(labelled: Labelled) -> npt.NDArray[np.bool_]:
    return np.array([name is not None for name in labelled.speakers.tolist()], bool)


def _means(embeddings: Floats, which: npt.NDArray[np.intp], count: int) -> Floats:
    sums = np.zeros((count, embeddings.shape[1]), np.float32)
    np.add.at(sums, which, embeddings)
    return unit(sums)


def _pooled(voices: Voices, which: npt.NDArray[np.intp], count: int) -> Voices:
    """One row a speaker: mean embedding, all their speech, the median of other measurements."""
    rows = [np.flatnonzero(which == number) for number in range(count)]
    return Voices(
        ids=np.full(count, -1, np.int64),
        content_hashes=np.array(["".join(sorted(voices.content_hashes[r])) for r in rows], object),
        speakers=_commonest(voices.speakers, rows),
        genders=_commonest(voices.genders, rows),
        languages=_commonest(voices.languages, rows),
        noises=_commonest(voices.noises, rows),
        embeddings=_means(voices.embeddings, which, count),
        norms=_medians(voices.norms, rows),
        speech_s=np.array([voices.speech_s[r].sum() for r in rows], np.float32),
        snr_db=_medians(voices.snr_db, rows),
        bandwidth_hz=_medians(voices.bandwidth_hz, rows),
        f0_hz=_medians(voices.f0_hz, rows),
        spectrum_mean=_medians(voices.spectrum_mean, rows),
        spectrum_std=_medians(voices.spectrum_std, rows),
    )


def _commonest(labels: Labels, rows: Sequence[Rows]) -> Labels:
    """The commonest label of each set of rows; of equally common ones the first by name."""
    counted = [Counter(labels[part].tolist()) for part in rows]
    best = [min(counts, key=lambda label: (-counts[label], str(label))) for counts in counted]
    return np.array(best, object)


def _medians(values: Floats, rows: Sequence[Rows]) -> Floats:
    return np.stack([_median(values[part]) for part in rows]).astype(np.float32)


def _median(values: Floats) -> Floats:
    """Median over the first axis of what is known; NaN where nothing is."""
    known = ~np.all(np.isnan(values), axis=0)
    filled = np.where(known, values, 0.0)
    return np.where(known, np.nanmedian(filled, axis=0), np.nan)
