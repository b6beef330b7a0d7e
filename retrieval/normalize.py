"""Compare like with like: domain centring and adaptive score normalisation (AS-norm).

**Centring.** The mean embedding of a recording's (language, noise) cell is subtracted before the
cosine. Each speaker weighs the same in a mean, an unlabelled recording as a speaker of its own, and
a mean of n speakers is shrunk towards the wider one by n / (n + k): cell towards store, store
towards the prior (the reranker's training store), so that a small store is not centred on its few
speakers.

**AS-norm** (Cumani et al. 2011, Matějka et al. 2017). With the cosines of each side of a pair to a
cohort of other speakers, of which the top N are kept, and their means and deviations sd::

    s' = ½ [(s - mean_anchor) / sd_anchor + (s - mean_candidate) / sd_candidate]

Each side is compared with a cohort in the noise condition of the other side: what the anchor scores
with strangers who sound like the candidate's channel. Where that condition has too few speakers,
all conditions are the cohort. N is a fifth of the cohort, from 10 to 200, so that cohorts of any
size cut the same quantile.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from .voices import Labelled, Labels

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

COHORT_SIZE = 1_000
SMALLEST_COHORT = 30
_CELL_SHRINKAGE = 10.0
_STORE_SHRINKAGE = 30.0
_ROWS_A_BLOCK = 4_096


@dataclass(frozen=True, slots=True)
class Centred:
    """Recordings seen against a background.

    Parameters
    ----------
    embeddings : float32 (n, dimension), centred on their cells, of unit length
    means, deviations : float32 (n, conditions + 1), of the top cosines with the cohort in each
        noise condition and, last, with all of it; NaN without a cohort
    condition : (n,), the column of the recording's own condition
    """

    embeddings: Floats
    means: Floats
    deviations: Floats
    condition: npt.NDArray[np.intp]

    @property
    def cohort_mean(self) -> Floats:
        """The mean of the top cosines with the whole cohort: float32 (n,)."""
        return self.means[:, -1]

    def normalised(
        self, scores: Doubles, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
    ) -> Doubles:
        """AS-norm of pair scores (n,) whose sides are these rows; NaN without a cohort."""
        return 0.5 * (self._side(scores, left, right) + self._side(scores, right, left))

    def _side(
        self, scores: Doubles, own: npt.NDArray[np.int64], other: npt.NDArray[np.int64]
    ) -> Doubles:
        cohort = own, self.condition[other]
        side: Doubles = (scores - self.means[cohort]) / self.deviations[cohort]
        return side


@dataclass(frozen=True, slots=True)
class Background:
    """What is usual in a store: the mean of each cell, and a cohort of its speakers.

    Parameters
    ----------
    mean : float32 (dimension,), of the whole store
    cells : "language/noise" of each cell (cells,)
    cell_means : float32 (cells, dimension), shrunk
    cohort : float32 (members, dimension), centred, of unit length: of each speaker drawn, the mean
        in one noise condition
    cohort_names : str (members,), the speaker of each, or `#id` of an unlabelled recording
    cohort_noises : str (members,), the condition of each
    """

    mean: Floats
    cells: Names
    cell_means: Floats
    cohort: Floats
    cohort_names: Names
    cohort_noises: Names

    @classmethod
    def empty(cls, dimension: int) -> Self:
        """Know nothing: centre on zero, no cohort."""
        nothing = np.empty((0, dimension), np.float32)
        names = np.empty(0, np.str_)
        return cls(np.zeros(dimension, np.float32), names, nothing, nothing, names, names)

    @classmethod
    def fit(
        cls,
        voices: Labelled,
        prior: "Background | None" = None,
        *,
        exclude_speakers: Collection[str] = (),
        exclude_ids: Collection[int] = (),
        seed: int = 0,
    ) -> "Background":
        """Fit means and cohort to a store.

        Parameters
        ----------
        voices : the recordings of the store
        prior : what to shrink towards, and whose cohort to take when this one is too small
        exclude_speakers, exclude_ids : kept out of the cohort (those of an evaluation's trials)
        seed : which speakers are drawn when there are more than `COHORT_SIZE`
        """
        if not len(voices):
            return prior or cls.empty(0)
        start = prior or cls.empty(voices.embeddings.shape[1])
        names = names_of(voices)
        mean, cells, cell_means = _means(voices, names, start.mean)
        fitted = replace(cls.empty(len(mean)), mean=mean, cells=cells, cell_means=cell_means)
        excluded = [*exclude_speakers, *(f"#{id_}" for id_ in exclude_ids)]
        return _with_cohort(fitted, voices, names, excluded, seed)._with_enough(prior)

    def without(
        self, speakers: Collection[str], ids: Collection[int], prior: "Background | None" = None
    ) -> "Background":
        """Leave speakers and unlabelled recordings out of the cohort.

        When fewer than `SMALLEST_COHORT` stay, the prior's cohort takes their place.
        """
        drop = {*speakers, *(f"#{id_}" for id_ in ids)}
        keep = np.array([name not in drop for name in self.cohort_names.tolist()], bool)
        if keep.all():
            return self._with_enough(prior)
        return self._with_members_of(self, keep)._with_enough(prior)

    def _with_enough(self, prior: "Background | None") -> "Background":
        if prior is None or len(set(self.cohort_names.tolist())) >= SMALLEST_COHORT:
            return self
        return self._with_members_of(prior, np.ones(len(prior.cohort), bool))

    def _with_members_of(self, other: "Background", keep: npt.NDArray[np.bool_]) -> "Background":
        return replace(
            self,
            cohort=other.cohort[keep],
            cohort_names=other.cohort_names[keep],
            cohort_noises=other.cohort_noises[keep],
        )

    def centre(self, voices: Labelled) -> Floats:
        """Subtract from each embedding the mean of its cell: float32 (n, dim), of unit length."""
        cell_of = {cell: number for number, cell in enumerate(self.cells.tolist())}
        cells = zip(voices.languages.tolist(), voices.noises.tolist(), strict=True)
        rows = [cell_of.get(f"{language}/{noise}", len(cell_of)) for language, noise in cells]
        means = np.concatenate([self.cell_means, self.mean[None]])
        return unit(voices.embeddings - means[rows])

    def apply(self, voices: Labelled) -> Centred:
        """Centre recordings and compare each with the cohort less its own speaker."""
        return self.compare(self.centre(voices), names_of(voices), voices.noises)

    def compare(self, embeddings: Floats, names: Names, noises: Labels | None = None) -> Centred:
        """Compare centred embeddings (n, dimension) with the cohort less the names beside them.

        Parameters
        ----------
        names : (n,), or (n, m) where several are left out
        noises : (n,), the conditions; where there are none, AS-norm takes the whole cohort
        """
        cohort_names = self.cohort_names.tolist()
        number_of = {name: number for number, name in enumerate(dict.fromkeys(cohort_names))}
        members = np.array([number_of[name] for name in cohort_names], np.intp)
        numbers = [number_of.get(name, -1) for name in names.ravel().tolist()]
        hidden = np.array(numbers, np.intp).reshape(len(names), -1)
        conditions = self._conditions()
        cohorts = [_run(np.flatnonzero(self.cohort_noises == noise)) for noise in conditions]
        found = [
            _top_statistics(embeddings, self.cohort[rows], members[rows], hidden)
            for rows in (*cohorts, slice(None))
        ]
        means, deviations = (np.stack(columns, axis=1) for columns in zip(*found, strict=True))
        own = np.full(len(embeddings), len(conditions))
        if noises is not None:
            places = {noise: place for place, noise in enumerate(conditions)}
            own = np.array([places.get(noise, len(places)) for noise in noises.tolist()], np.intp)
        return Centred(embeddings, means, deviations, own)

    def _conditions(self) -> list[str]:
        """The noise conditions with enough speakers for a cohort of their own."""
        counts = Counter(self.cohort_noises.tolist())
        return sorted(noise for noise, count in counts.items() if count >= SMALLEST_COHORT)


def _run(rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp] | slice:
    """Name rows that follow one another by their ends, so that taking them copies nothing."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return slice(rows[0], rows[-1] + 1)
    return rows


def names_of(voices: Labelled) -> Names:
    """Name the speaker of each recording, or `#id` where it is unknown."""
    pairs = zip(voices.speakers.tolist(), voices.ids.tolist(), strict=True)
    return np.array([f"#{id_}" if speaker is None else speaker for speaker, id_ in pairs], np.str_)


def _means(voices: Labelled, names: Names, prior: Floats) -> tuple[Floats, Names, Floats]:
    """Means of the store and of its cells, every speaker weighing the same, shrunk."""
    cell_names = (voices.languages + "/" + voices.noises).astype(np.str_)
    cells, cell_of = np.unique(cell_names, return_inverse=True)
    _, speaker_of = np.unique(names, return_inverse=True)
    mean, speakers = _speaker_mean(voices.embeddings, speaker_of)
    mean = _shrunk(mean, prior, speakers, _STORE_SHRINKAGE)
    cell_means = np.empty((len(cells), len(mean)), np.float32)
    for cell in range(len(cells)):
        rows = np.flatnonzero(cell_of == cell)
        cell_mean, speakers = _speaker_mean(voices.embeddings[rows], speaker_of[rows])
        cell_means[cell] = _shrunk(cell_mean, mean, speakers, _CELL_SHRINKAGE)
    return mean, cells, cell_means


def _speaker_mean(embeddings: Floats, speaker_of: npt.NDArray[np.intp]) -> tuple[Floats, int]:
    _, which, counts = np.unique(speaker_of, return_inverse=True, return_counts=True)
    weights = (1 / (counts[which] * len(counts))).astype(np.float32)
    return weights @ embeddings, len(counts)


def _shrunk(mean: Floats, wider: Floats, count: int, shrinkage: float) -> Floats:
    share = np.float32(count / (count + shrinkage))
    return share * mean + (1 - share) * wider


def _with_cohort(
    background: Background, voices: Labelled, names: Names, excluded: Collection[str], seed: int
) -> Background:
    """Draw the cohort; unlabelled recordings only where speakers are too few.

    `COHORT_SIZE` is shared evenly among the noise conditions that there are.
    """
    labelled = voices.speakers != None  # noqa: E711 - elementwise
    allowed = ~np.isin(names, list(excluded)) if excluded else np.ones(len(names), bool)
    if len(np.unique(names[allowed & labelled])) >= SMALLEST_COHORT:
        allowed &= labelled
    generator = np.random.default_rng(seed)
    conditions = np.unique(voices.noises.astype(np.str_))
    parts = []
    for noise in conditions:
        here = allowed & (voices.noises == noise)
        drawn = _draw(np.unique(names[here]), COHORT_SIZE // len(conditions), generator)
        rows = np.flatnonzero(here & np.isin(names, drawn))
        means = _speaker_units(background.centre(voices.take(rows)), names[rows])
        parts.append((means, drawn, np.full(len(drawn), noise)))
    cohort, cohort_names, noises = (np.concatenate(part) for part in zip(*parts, strict=True))
    return replace(background, cohort=cohort, cohort_names=cohort_names, cohort_noises=noises)


def _draw(names: Names, count: int, generator: np.random.Generator) -> Names:
    if len(names) <= count:
        return names
    return np.sort(generator.choice(names, count, replace=False))


def _speaker_units(embeddings: Floats, names: Names) -> Floats:
    """Compute the unit mean of each name's embeddings, names in sorted order."""
    distinct, which = np.unique(names, return_inverse=True)
    sums = np.zeros((len(distinct), embeddings.shape[1]), np.float32)
    np.add.at(sums, which, embeddings)
    return unit(sums)


def unit(vectors: Floats) -> Floats:
    """Scale each vector of (n, dimension) to unit length."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Floats = vectors / np.maximum(lengths, 1e-12, dtype=np.float32)
    return units


def _top_statistics(
    embeddings: Floats,
    cohort: Floats,
    members: npt.NDArray[np.intp],
    hidden: npt.NDArray[np.intp],
) -> tuple[Floats, Floats]:
    """Mean and deviation of each embedding's top cohort cosines: two float32 (n,).

    `members` (cohort,) numbers the speakers; `hidden` (n, m) are those that the embedding is not
    compared with, or -1.
    """
    mean = np.full(len(embeddings), np.nan, np.float32)
    deviation = mean.copy()
    spare = hidden.shape[1] * max(np.bincount(members), default=1)
    if len(cohort) < 2 + spare:
        return mean, deviation
    top = min(len(cohort) - spare, max(10, min(200, round(len(cohort) / 5))))
    for start in range(0, len(embeddings), _ROWS_A_BLOCK):
        block = slice(start, start + _ROWS_A_BLOCK)
        cosines = embeddings[block] @ cohort.T
        for names in hidden[block].T:
            cosines[names[:, None] == members[None]] = -2
        best = np.partition(cosines, len(cohort) - top, axis=1)[:, -top:]
        mean[block] = best.mean(axis=1, dtype=np.float64)
        deviation[block] = best.std(axis=1, dtype=np.float64)
    return mean, np.maximum(deviation, 1e-4)
