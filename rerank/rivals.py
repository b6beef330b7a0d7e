"""How a candidate stands to the rest of its group: whether the anchor is nearer than they are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

RIVALS = 256
_CELLS_A_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Each candidate against the rest of its group; NaN in a group of one.

    Parameters
    ----------
    similarity : float64 (total,), mean cosine with the rest
    rank : float64 (total,), the anchor's place among the rest, by nearness to the candidate; 1 best
    lead : float64 (total,), cosine with the anchor less the best cosine with the rest
    deviations : float64 (total,), cosine with the anchor in deviations above those with the rest
    profile : float64 (total,), correlation of the anchor's cosines with the rest and its own; NaN
        where they are fewer than three
    """

    similarity: Doubles
    rank: Doubles
    lead: Doubles
    deviations: Doubles
    profile: Doubles


def standing(embeddings: Floats, scores: Doubles, groups: Groups) -> Standing:
    """Compare every candidate with the rest of its group.

    In groups of more than `RIVALS` candidates, the rest are the `RIVALS` nearest to the anchor.

    Parameters
    ----------
    embeddings : float32 (n, dimension), of unit length
    scores : float64 (total,), cosine of each candidate with its anchor, in the same space
    """
    columns = np.full((5, len(groups.candidates)), np.nan)
    for positions in _blocks(groups):
        columns[:, positions] = _compare(
            embeddings[groups.candidates[positions]], scores[positions]
        )
    return Standing(*columns)


def _blocks(groups: Groups) -> Iterator[npt.NDArray[np.int64]]:
    """Positions (groups, size) of some groups of one size, two candidates at least, at a time."""
    for size in np.unique(groups.sizes):
        starts = groups.offsets[:-1][groups.sizes == size]
        step = max(1, int(_CELLS_A_BLOCK // (size * min(size, RIVALS))))
        for first in range(0, len(starts) if size > 1 else 0, step):
            yield starts[first : first + step, None] + np.arange(size)


def _compare(members: Floats, scores: Doubles) -> tuple[Doubles, ...]:
    """Compare members (b, n, dimension) with their group's rest, given scores (b, n)."""
    rest = _rest(scores)
    rivals = members
    if rest.shape[1] < members.shape[1]:
        rivals = np.take_along_axis(members, rest[..., None], axis=1)
    cosines = members @ rivals.transpose(0, 2, 1)
    others = rest[:, None, :] != np.arange(scores.shape[1])[None, :, None]
    count = others.sum(axis=2)
    mean = np.where(others, cosines, 0).sum(axis=2) / count
    away = np.where(others, cosines - mean[..., None], 0)
    deviation = np.maximum(np.sqrt((away**2).sum(axis=2) / count), 1e-4)
    level = scores[..., None].astype(np.float32)
    nearer = (others & (cosines > level)).sum(axis=2) + 0.5 * (others & (cosines == level)).sum(2)
    nearest = np.where(others, cosines, -np.inf).max(axis=2)
    profile = _correlation(np.take_along_axis(scores, rest, axis=1), away, others, count)
    return mean, 1 + nearer, scores - nearest, (scores - mean) / deviation, profile


def _correlation(
    anchor: Doubles, away: Doubles, others: npt.NDArray[np.bool_], count: npt.NDArray[np.int64]
) -> Doubles:
    """Correlate the anchor's cosines (b, rivals) with each member's, less its mean (b, n, rivals).

    Only over the `others`, of which each member has `count`.
    """
    mean = np.einsum("bnr,br->bn", others, anchor) / count
    variance = np.einsum("bnr,br->bn", others, anchor**2) / count - mean**2
    shared = np.einsum("bnr,br->bn", away, anchor) / count
    own = np.einsum("bnr,bnr->bn", away, away) / count
    power = np.sqrt(np.maximum(variance, 0) * own)
    known = (count > 2) & (power > 1e-9)
    return np.where(known, shared / np.where(known, power, 1), np.nan)


def _rest(scores: Doubles) -> npt.NDArray[np.intp]:
    """Positions (b, rivals) in each group of those to compare with."""
    groups, size = scores.shape
    if size <= RIVALS:
        return np.broadcast_to(np.arange(size), (groups, size))
    return np.argpartition(-scores, RIVALS - 1, axis=1)[:, :RIVALS]
