"""Cosines of pairs with one speaker and with two, drawn from labelled recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ... import metrics
from ...rerank.pair_evaluation import pair_figures
from ...retrieval.voices import Labels, Voices
from ..rows import Rows, groups_of
from .summaries import Quartiles

Flags = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

MOST_PAIRS = 20_000
PRIOR = 0.01
RESAMPLES = 100
_BINS = 60
_ROWS_A_BLOCK = 8_192


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows (pairs,) of one language each, and whether one speaker speaks both."""

    left: Rows
    right: Rows
    same: Flags


@dataclass(frozen=True, slots=True)
class NoisePair:
    """Cosines of pairs between two noise conditions.

    `eer` and `threshold` are None where pairs of either kind are missing.
    """

    same: Quartiles | None
    different: Quartiles | None
    eer: float | None
    threshold: float | None


@dataclass(frozen=True, slots=True)
class PairScores:
    """Cosines of pairs.

    Attributes
    ----------
    same, different : pairs of one speaker and of two
    speakers : behind them
    histogram : counts of both kinds, `targets` are pairs of one speaker
    eer, eer_ci : equal error rate and its 95 % interval over speakers
    min_dcf, min_dcf_ci : minimum detection cost at a prior of 0.01, likewise
    threshold : the cosine where both error rates are nearest to each other
    by_noise : of each pair of noise conditions, `clean / communication`
    """

    same: int
    different: int
    speakers: int
    histogram: metrics.Histogram
    eer: float
    eer_ci: tuple[float, float]
    min_dcf: float
    min_dcf_ci: tuple[float, float]
    threshold: float
    by_noise: Mapping[str, NoisePair]


def score_pairs(voices: Voices, seed: int = 0) -> PairScores | None:
    """Draw pairs and sum up their cosines; None where pairs of either kind cannot be drawn."""
    pairs = draw_pairs(voices, MOST_PAIRS, seed)
    if pairs.same.all() or not pairs.same.any():
        return None
    cosines = _cosines(voices, pairs)
    same, different = cosines[pairs.same], cosines[~pairs.same]
    names, number = np.unique(voices.speakers[_all(pairs)].astype(np.str_), return_inverse=True)
    sides = np.split(number.astype(np.int64), 2)
    figures = pair_figures(
        {"cosine": cosines}, pairs.same, (sides[0], sides[1]), PRIOR, resamples=RESAMPLES, seed=seed
    )["cosine"]
    return PairScores(
        *(len(same), len(different), len(names)),
        histogram=metrics.histogram(same, different, _BINS),
        eer=figures.eer,
        eer_ci=figures.eer_ci,
        min_dcf=figures.min_dcf,
        min_dcf_ci=figures.min_dcf_ci,
        threshold=metrics.balanced_threshold(same, different),
        by_noise=_by_noise(voices.noises, pairs, cosines),
    )


def draw_pairs(voices: Voices, most: int, seed: int = 0) -> Pairs:
    """Draw at most `most` pairs of one speaker and as many of two, all within one language.

    All there are where they are few; else each recording is as likely to be in a pair. Copies of
    one content make no pair.
    """
    generator = np.random.default_rng(seed)
    labelled = np.flatnonzero(voices.speakers != None)  # noqa: E711 - elementwise
    speakers, languages = voices.speakers[labelled], voices.languages[labelled]
    of_one = [labelled[g] for g in groups_of((languages + "\0" + speakers).astype(np.str_))]
    of_all = [labelled[group] for group in groups_of(languages.astype(np.str_))]
    same = _usable(voices, _within(of_one, most, generator), True)
    different = _usable(voices, _within(of_all, 2 * most, generator), False)
    kept = [_some(rows, most, generator) for rows in (same, different)]
    left, right = np.concatenate(kept).T
    return Pairs(left, right, np.repeat([True, False], [len(rows) for rows in kept]))


def _within(groups: Sequence[Rows], most: int, generator: np.random.Generator) -> Rows:
    """Pairs (n, 2) of rows of one group, the lower row first, none twice."""
    groups = [group for group in groups if len(group) > 1]
    if not groups:
        return np.empty((0, 2), np.int64)
    sizes = np.array([len(group) for group in groups])
    if (sizes * (sizes - 1) // 2).sum() <= 2 * most:
        return np.concatenate([g[np.stack(np.triu_indices(len(g), 1), axis=1)] for g in groups])
    rows, starts = np.concatenate(groups), np.cumsum(sizes) - sizes
    group = np.repeat(np.arange(len(groups)), sizes)
    first = generator.integers(0, len(rows), most)
    of = group[first]
    step = 1 + (generator.random(most) * (sizes[of] - 1)).astype(np.int64)
    second = starts[of] + (first - starts[of] + step) % sizes[of]
    return np.unique(np.sort(np.stack([rows[first], rows[second]], axis=1), axis=1), axis=0)


def _usable(voices: Voices, pairs: Rows, same: bool) -> Rows:
    left, right = pairs.T
    content = voices.content_hashes
    copies = (content[left] == content[right]) & (content[left] != None)  # noqa: E711
    kind = (voices.speakers[left] == voices.speakers[right]) == same
    usable: Rows = pairs[kind & ~copies]
    return usable


def _some(pairs: Rows, most: int, generator: np.random.Generator) -> Rows:
    if len(pairs) <= most:
        return pairs
    return pairs[np.sort(generator.choice(len(pairs), most, replace=False))]


def _all(pairs: Pairs) -> Rows:
    return np.concatenate([pairs.left, pairs.right])


def _cosines(voices: Voices, pairs: Pairs) -> Doubles:
    cosines = np.empty(len(pairs.left))
    for start in range(0, len(cosines), _ROWS_A_BLOCK):
        block = slice(start, start + _ROWS_A_BLOCK)
        left, right = (voices.embeddings[side[block]] for side in (pairs.left, pairs.right))
        cosines[block] = np.einsum("nd,nd->n", left, right)
    return cosines


def _by_noise(noises: Labels, pairs: Pairs, cosines: Doubles) -> dict[str, NoisePair]:
    sides = np.sort(np.stack([noises[pairs.left], noises[pairs.right]]).astype(np.str_), axis=0)
    names = np.char.add(np.char.add(sides[0], " / "), sides[1])
    return {
        str(name): _noise_pair(cosines[names == name], pairs.same[names == name])
        for name in np.unique(names)
    }


def _noise_pair(cosines: Doubles, is_same: Flags) -> NoisePair:
    same, different = cosines[is_same], cosines[~is_same]
    both = len(same) > 0 and len(different) > 0
    return NoisePair(
        Quartiles.of(same),
        Quartiles.of(different),
        metrics.eer(same, different) if both else None,
        metrics.balanced_threshold(same, different) if both else None,
    )
