"""From scores to figures."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from spkret.metrics import (
    bootstrap_interval,
    brier,
    cllr,
    ece,
    eer,
    min_cllr,
    min_dcf,
    mrr,
    roc_area,
)

from .results import (
    Comparison,
    OpenFigures,
    Part,
    Reliability,
    Share,
    SystemFigures,
    Target,
)
from .scoring import Names, OpenScores, Scores

Doubles = npt.NDArray[np.float64]

GOOD_ENCODER = 0.6
FEWER_THAN_COSINE = 0.3
FEWER_THAN_QMF = 0.1
POINTS_ABOVE_COSINE = 0.05
LARGEST_ECE = 0.03
LEAST_ROC_AREA = 0.95


def even(values: Doubles, cells: Names) -> Doubles:
    """Weigh the values (records,) so that their mean is the mean of the cells' means."""
    _, cell_of, counts = np.unique(cells, return_inverse=True, return_counts=True)
    weighted: Doubles = values * (len(values) / (len(counts) * counts[cell_of]))
    return weighted


def share(values: Doubles, speakers: Names) -> Share:
    """Mean of values (records,) and its interval."""
    return Share(float(values.mean()), bootstrap_interval(values, speakers))


def fewer_errors(baseline: float, system: float) -> float | None:
    """Share of a baseline's errors that a system avoids, both given by top-1; None without any.

    (e_baseline - e_system) / e_baseline with e = 1 - top-1.
    """
    return None if baseline >= 1 else (system - baseline) / (1 - baseline)


def systems(scores: Scores) -> dict[str, SystemFigures]:
    """Measure every system on all records; top-1 weighs all cells the same."""
    found, is_match = {}, scores.is_match
    for name, hits in scores.hits().items():
        top1, values = share(even(hits, scores.cells), scores.speakers), scores.systems[name]
        pairs = (values[is_match], values[~is_match])
        ranks = mrr(values, scores.groups.offsets, scores.matches)
        found[name] = SystemFigures(top1.top1, top1.ci, ranks, eer(*pairs), min_dcf(*pairs))
    return found


def comparisons(scores: Scores) -> dict[str, Comparison]:
    """Compare the reranker with every other system, record by record."""
    hits = {name: even(values, scores.cells) for name, values in scores.hits().items()}
    reranker = hits.pop("reranker")
    found = {}
    for name, values in hits.items():
        gain = share(reranker - values, scores.speakers)
        fewer = fewer_errors(float(values.mean()), float(reranker.mean()))
        found[name] = Comparison(gain.top1, gain.ci, gain.ci[0] > 0, fewer)
    return found


def ranking_targets(cosine: float, compared: Mapping[str, Comparison]) -> list[Target]:
    """Hold the reranker's ranks against what it is to reach, given the cosine's top-1.

    Where that is 60 % or more, 30 % fewer errors than by cosine and 10 % fewer than by QMF; below,
    5 points above cosine. And everywhere, intervals of the differences clear of zero.
    """
    found = [
        Target(f"above {name}: lower end of the interval over", 0, one.ci[0], one.clear)
        for name, one in compared.items()
        if name != "centred"
    ]
    if cosine < GOOD_ENCODER:
        return [*found, _at_least("above cosine by", POINTS_ABOVE_COSINE, compared["cosine"].top1)]
    for name, asked in (("cosine", FEWER_THAN_COSINE), ("qmf", FEWER_THAN_QMF)):
        fewer = compared[name].fewer_errors
        if fewer is not None:
            found.append(_at_least(f"fewer errors than {name} by", asked, fewer))
    return found


def probability_targets(closed: Reliability, opened: OpenFigures) -> list[Target]:
    """Hold the probabilities against what they are to reach."""
    ece = Target("ECE at most", LARGEST_ECE, closed.ece, closed.ece <= LARGEST_ECE)
    area = opened.roc_area["none"]
    return [ece, _at_least('ROC area of "none of them" at least', LEAST_ROC_AREA, area)]


def _at_least(what: str, asked: float, found: float) -> Target:
    return Target(what, asked, found, found >= asked)


def parts(scores: Scores, keys: Names) -> dict[str, Part]:
    """Top-1 of every system in each part of the records, by their keys (records,)."""
    return {str(key): part(scores, keys == key) for key in np.unique(keys)}


def part(scores: Scores, inside: npt.NDArray[np.bool_]) -> Part:
    """Top-1 of every system on some of the records."""
    speakers = scores.speakers[inside]
    shares = {name: share(hits[inside], speakers) for name, hits in scores.hits().items()}
    return Part(int(inside.sum()), float(scores.groups.sizes[inside].mean()), shares)


def reliability(scored: Sequence[Scores]) -> Reliability:
    """Hold the reranker's probabilities against what happened, over all records together."""
    best = np.concatenate([scores.groups.max(scores.probabilities) for scores in scored])
    hits = np.concatenate([scores.hits()["reranker"] for scores in scored])
    targets = np.concatenate([scores.log_odds[scores.is_match] for scores in scored])
    nontargets = np.concatenate([scores.log_odds[~scores.is_match] for scores in scored])
    return Reliability(
        trials=len(best),
        ece=ece(best, hits),
        brier=brier(best, hits),
        cllr=cllr(targets, nontargets),
        min_cllr=min_cllr(targets, nontargets),
    )


def opened(scores: OpenScores) -> OpenFigures:
    """Measure how well groups without a match are told."""
    nobody, none = scores.nobody, scores.none_probabilities
    evidence = {name: -best for name, best in scores.best.items()} | {"none": none}
    return OpenFigures(
        groups=len(nobody),
        roc_area={n: roc_area(values[nobody], values[~nobody]) for n, values in evidence.items()},
        ece=ece(none, nobody),
        brier=brier(none, nobody),
    )
