"""Whether the probabilities of groups hold: figures and tables of their reliability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import metrics
from ..retrieval.groups import Groups

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chances:
    """What a reranker says of groups whose match is known.

    Parameters
    ----------
    candidates : (total,), the probability of each candidate, given that its group has a match
    log_odds : (total,), of one speaker, of each candidate with its anchor
    none_closed, none_opened : (n,) each, the probability of "none of them" of groups with their
        match, and of the same groups without it
    """

    candidates: Doubles
    log_odds: Doubles
    none_closed: Doubles
    none_opened: Doubles


@dataclass(frozen=True, slots=True)
class NoneFigures:
    """How well "none of them" is told, by groups with their match and the same without it.

    Parameters
    ----------
    records : how many groups, each of them twice
    roc_area : the chance that a group without its match is given the larger probability
    ece, brier, cllr : of the probability, `cllr` in bits
    bins : the table of reliability
    """

    records: int
    roc_area: float
    ece: float
    brier: float
    cllr: float
    bins: Sequence[metrics.ReliabilityBin]


@dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """Whether probabilities hold.

    Parameters
    ----------
    ece, brier : of the best candidate's probability, in groups that have their match
    cllr : of the log odds of anchor and candidate as a pair, in bits
    bins : the table of reliability of the best candidate's probability
    none : of "none of them"; None where no group has two candidates
    """

    ece: float | None = None
    brier: float | None = None
    cllr: float | None = None
    bins: Sequence[metrics.ReliabilityBin] = ()
    none: NoneFigures | None = None


def calibration_figures(chances: Chances, groups: Groups, matches: Rows) -> CalibrationFigures:
    """Measure what a reranker says.

    Parameters
    ----------
    chances : of the candidates of `groups`
    groups : anchors and candidates
    matches : (groups,), the position of each group's match among all candidates
    """
    best = groups.max(chances.candidates)
    hit = metrics.hits(chances.candidates, groups.offsets, matches)
    is_match = groups.flags(matches)
    same, other = chances.log_odds[is_match], chances.log_odds[~is_match]
    return CalibrationFigures(
        ece=metrics.ece(best, hit),
        brier=metrics.brier(best, hit),
        cllr=metrics.cllr(same, other) if len(other) else 0.0,
        bins=metrics.reliability(best, hit),
        none=_none_figures(chances.none_closed, chances.none_opened),
    )


def _none_figures(closed: Doubles, opened: Doubles) -> NoneFigures | None:
    if not len(opened):
        return None
    probabilities = np.concatenate([closed, opened])
    is_none = np.repeat([False, True], [len(closed), len(opened)])
    with np.errstate(divide="ignore"):
        odds = np.log(probabilities) - np.log1p(-probabilities)
    return NoneFigures(
        records=len(opened),
        roc_area=metrics.roc_area(opened, closed),
        ece=metrics.ece(probabilities, is_none),
        brier=metrics.brier(probabilities, is_none),
        cllr=metrics.cllr(odds[is_none], odds[~is_none]),
        bins=metrics.reliability(probabilities, is_none),
    )
