"""Labelled speakers as candidates: each enrolled by the mean of all their recordings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..errors import TrialError
from ..retrieval.library import Gathered
from ..retrieval.normalize import Background, Centred, names_of, unit
from ..retrieval.voices import Labelled, Labels, Voices
from .enrolment_files import Spoken
from .user_columns import pooled

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Roster:
    """Speakers, and the recordings that enrol them.

    Parameters
    ----------
    speakers : str (speakers,), sorted
    means : float32 (speakers, dimension), of the centred embeddings, of unit length
    rows : int64 (recordings,), where each stands in what the roster was made of
    ids : int64 (recordings,)
    which : int64 (recordings,), the number of its speaker
    centred : float32 (recordings, dimension)
    """

    speakers: npt.NDArray[np.str_]
    means: Floats
    rows: Rows
    ids: Rows
    which: npt.NDArray[np.intp]
    centred: Floats

    @classmethod
    def of(cls, labelled: Labelled, background: Background) -> "Roster":
        """Enrol every speaker of labelled recordings by all of theirs."""
        rows = np.flatnonzero([name is not None for name in labelled.speakers.tolist()])
        part = labelled.take(rows)
        speakers, which = np.unique(part.speakers.astype(np.str_), return_inverse=True)
        centred = background.centre(part)
        means = _means(centred, which, len(speakers))
        return cls(speakers, means, rows, part.ids, which, centred)

    def enrols(self, speaker: str, leave_out: int) -> bool:
        """Tell whether a speaker has a recording besides the one of this id."""
        others = self.which[self.ids != leave_out]
        number = int(np.searchsorted(self.speakers, speaker))
        known = number < len(self.speakers) and self.speakers[number] == speaker
        return bool(known and (others == number).any())

    def nearest(self, embedding: Floats, k: int, leave_out: int) -> Rows:
        """Return `rows` of the recordings of the `k` speakers nearest to a centred embedding.

        The recording with the id `leave_out` enrols nobody.
        """
        scores = self.means @ embedding
        own = self.ids == leave_out
        for number in np.unique(self.which[own]).tolist():
            rest = self.centred[(self.which == number) & ~own]
            scores[number] = unit(rest.sum(axis=0)[None])[0] @ embedding if len(rest) else -np.inf
        best = np.argsort(-scores, kind="stable")[:k]
        rows: Rows = self.rows[np.isin(self.which, best[scores[best] > -np.inf]) & ~own]
        return rows


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Anchors, in the first rows, and speakers as if each were one recording, in the rows after.

    Parameters
    ----------
    gathered, centred : the rows
    speakers, counts : of each speaker: the name, and how many recordings enrol it
    """

    gathered: Gathered
    centred: Centred
    speakers: Sequence[str]
    counts: Sequence[int]


def named(recordings: Gathered, entries: Sequence[Spoken]) -> tuple[Gathered, set[str]]:
    """Label recordings as a list says; and the labels they had that it replaces.

    Parameters
    ----------
    recordings : those the entries refer to, in this order
    entries : speakers and references

    Raises
    ------
    TrialError
        A recording is listed for two speakers.
    """
    speakers = np.full(len(recordings.voices), None, object)
    for row, entry in zip(recordings.rows.tolist(), entries, strict=True):
        if speakers[row] not in (None, entry.speaker):
            raise TrialError(
                f"expected one speaker for {entry.reference}, got {speakers[row]!r} and"
                f" {entry.speaker!r}; mend the enrolment"
            )
        speakers[row] = entry.speaker
    before = names_of(recordings.voices).tolist()
    replaced = {old for old, new in zip(before, speakers.tolist(), strict=True) if old != new}
    return replace(recordings, voices=replace(recordings.voices, speakers=speakers)), replaced


def enrol(asked: Gathered, recordings: Gathered, background: Background) -> Enrolled:
    """Turn speakers into candidates: mean embedding, and what is usual of their recordings.

    Parameters
    ----------
    asked : the anchors
    recordings : of the speakers to compare with, all labelled
    background : of the store
    """
    voices = recordings.voices
    speakers, which = np.unique(voices.speakers.astype(np.str_), return_inverse=True)
    pooled_voices = _pooled(voices, which, len(speakers))
    centred = np.concatenate(
        [background.centre(asked.voices), _means(background.centre(voices), which, len(speakers))]
    )
    gathered = Gathered(
        asked.voices.joined(pooled_voices),
        np.concatenate([asked.paths, speakers.astype(object)]),
        np.arange(len(centred)) < len(asked.voices),
        np.arange(len(centred)),
    )
    names = speakers.tolist()
    counts = np.bincount(which, minlength=len(speakers)).tolist()
    return Enrolled(
        gathered, against_cohort(asked.voices, centred, names, background), names, counts
    )


def against_cohort(
    asked: Voices,
    centred: Floats,
    speakers: Sequence[str],
    background: Background,
    *,
    own_absent: bool = False,
) -> Centred:
    """Compare anchors and speakers with the cohort, less who may be the one they speak for.

    A speaker is compared without their own name. Whoever the anchor is may be in the cohort too, so
    the likeliest, the nearest speaker, is left out of it, and so is the anchor's own label.

    Parameters
    ----------
    asked : the anchors
    centred : float32 (anchors + speakers, dimension)
    speakers : their names
    background : of the store
    own_absent : whether the anchors' labels are taken for not among the speakers
    """
    labels, names = names_of(asked), np.array(speakers, np.str_)
    similarity = centred[: len(asked)] @ centred[len(asked) :].T
    if own_absent:
        similarity[labels[:, None] == names] = -2
    nearest = names[similarity.argmax(axis=1)]
    hidden = np.concatenate([labels, names]), np.concatenate([nearest, names])
    cohort = background.without([], asked.ids.tolist())
    return cohort.compare(centred, np.stack(hidden, axis=1))


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
        gender_certainty=_medians(voices.gender_certainty, rows),
        ages=_medians(voices.ages, rows),
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
        extras=np.array([pooled(voices.extras[part]) for part in rows], object),
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
