"""Systems side by side on pairs: error rates and costs, with intervals over speakers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .. import metrics
from ..metrics.detection_cost import actual_dcf_of, min_dcf_of
from ..metrics.equal_error import eer_of
from ..metrics.likelihood_ratios import cllr_of, min_cllr_of
from .decision import Threshold
from .evaluation import system_scores
from .pairs import LaidPairs
from .scoring import Scored

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Interval = tuple[float, float]

RESAMPLES = 200
RATIOS = frozenset({"plda", "qmf"})
"""Systems whose scores are log-likelihood ratios, so that Cllr and a Bayes threshold mean
something."""


@dataclass(frozen=True, slots=True)
class PairFigures:
    """How one system tells pairs of one speaker from pairs of two, each with its 95 % interval.

    Parameters
    ----------
    eer, min_dcf, min_cllr : of any scores
    actual_dcf : at the Bayes threshold of the prior; None where scores are no log-likelihood ratios
    cllr : in bits; None likewise
    """

    eer: float
    eer_ci: Interval
    min_dcf: float
    min_dcf_ci: Interval
    min_cllr: float
    min_cllr_ci: Interval
    actual_dcf: float | None
    actual_dcf_ci: Interval | None
    cllr: float | None
    cllr_ci: Interval | None


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """Scores of either kind of pairs by one system, in equally wide bins."""

    system: str
    edges: Sequence[float]
    targets: Sequence[int]
    nontargets: Sequence[int]


@dataclass(frozen=True, slots=True)
class PairEvaluation:
    """Systems side by side on pairs.

    Parameters
    ----------
    pairs, skipped : how many were scored, and how many were left out
    targets, nontargets : pairs known to have one speaker, and two
    speakers : behind the pairs whose answer is known
    prior : of one speaker, in the detection cost
    systems : figures of each system; empty where pairs of either kind are missing
    system : the one whose score `verify` decides by
    histogram : of the scores that `verify` decides by
    threshold : found on these pairs, if asked for
    encoder, reranker : name and fingerprint of each; `reranker` is None without one
    warnings : in plain words
    rows : one row a pair, every score; no part of `to_dict`
    """

    pairs: int
    skipped: int
    targets: int
    nontargets: int
    speakers: int
    prior: float
    systems: Mapping[str, PairFigures]
    system: str
    histogram: ScoreHistogram | None
    threshold: Threshold | None
    encoder: str
    reranker: str | None
    warnings: Sequence[str]
    rows: pa.Table = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `spkret verify --pairs FILE --json` prints."""
        document = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "rows"}
        document["systems"] = {name: asdict(figures) for name, figures in self.systems.items()}
        for name in ("histogram", "threshold"):
            document[name] = None if document[name] is None else asdict(document[name])
        return document | {"warnings": list(self.warnings)}


def pair_figures(
    systems: Mapping[str, Doubles],
    is_target: Flags,
    speakers: tuple[Rows, Rows],
    prior: float,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, PairFigures]:
    """Measure every system on the same pairs, and on the same draws of speakers.

    Parameters
    ----------
    systems : scores (pairs,) of each
    is_target : (pairs,), whether one speaker speaks both; both kinds are there
    speakers : numbers of the left and right speakers, two (pairs,)
    prior : of one speaker
    resamples, seed : draws of the bootstrap, see `metrics.pair_weights`
    """
    sorters = {name: _Sorted.of(scores, is_target) for name, scores in systems.items()}
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[list[float]]] = {name: [] for name in systems}
    for _ in range(resamples):
        weights = metrics.pair_weights(*speakers, generator)
        if not (weights[is_target].any() and weights[~is_target].any()):
            continue
        for name, sorter in sorters.items():
            drawn[name].append(_measure(sorter.levels(weights), prior, name in RATIOS))
    everything = np.ones(len(is_target))
    return {
        name: _figures(_measure(sorter.levels(everything), prior, name in RATIOS), drawn[name])
        for name, sorter in sorters.items()
    }


def score_histogram(system: str, scores: Doubles, is_target: Flags) -> ScoreHistogram:
    """Count the scores (pairs,) of one system in bins."""
    found = metrics.histogram(scores[is_target], scores[~is_target])
    return ScoreHistogram(system, found.edges, found.targets, found.nontargets)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Scores of pairs, sorted once for any weights."""

    scores: Doubles
    level_of: npt.NDArray[np.intp]
    is_target: Flags

    @classmethod
    def of(cls, scores: Doubles, is_target: Flags) -> "_Sorted":
        distinct, level_of = np.unique(scores, return_inverse=True)
        return cls(distinct, level_of, is_target)

    def levels(self, weights: Doubles) -> metrics.Levels:
        masses = [
            np.bincount(self.level_of[kind], weights[kind], len(self.scores)).astype(np.float64)
            for kind in (self.is_target, ~self.is_target)
        ]
        return metrics.Levels(self.scores, masses[0], masses[1])


def _measure(levels: metrics.Levels, prior: float, ratios: bool) -> list[float]:
    """EER, minimum DCF, minimum Cllr and, of log-likelihood ratios, actual DCF and Cllr."""
    measured = [eer_of(levels), min_dcf_of(levels, prior), min_cllr_of(levels)]
    if ratios:
        threshold = metrics.bayes_threshold(prior)
        measured += [actual_dcf_of(levels, threshold, prior), cllr_of(levels)]
    return measured


def _figures(measured: Sequence[float], drawn: Sequence[Sequence[float]]) -> PairFigures:
    """Put each figure beside the percentiles of its draws, or itself where there are none."""
    low, high = np.quantile(np.array(drawn or [measured]), [0.025, 0.975], axis=0).tolist()
    bounds = list(zip(low, high, strict=True))
    ratios = len(measured) > 3
    return PairFigures(
        *(measured[0], bounds[0], measured[1], bounds[1], measured[2], bounds[2]),
        actual_dcf=measured[3] if ratios else None,
        actual_dcf_ci=bounds[3] if ratios else None,
        cllr=measured[4] if ratios else None,
        cllr_ci=bounds[4] if ratios else None,
    )


def evaluate_pairs(
    laid: LaidPairs,
    scored: Scored,
    prior: float,
    threshold: Threshold | None,
    *,
    encoder: str,
    reranker: str | None,
    warnings: Sequence[str],
) -> PairEvaluation:
    """Measure the systems on scored pairs whose answer is known.

    Parameters
    ----------
    laid, scored : the pairs and their scores
    prior : of one speaker, in the detection cost
    threshold : found on these pairs, if any
    encoder, reranker : name and fingerprint
    warnings : to be reported
    """
    known, same = laid.labelled, laid.targets[laid.labelled]
    left, right = (side[known] for side in laid.speakers())
    systems = pair_scores(scored)
    both = same.any() and not same.all()
    of_known = {name: scores[known] for name, scores in systems.items()}
    return PairEvaluation(
        pairs=len(laid.pairs),
        skipped=laid.skipped,
        targets=int(same.sum()),
        nontargets=int((~same).sum()),
        speakers=len(np.unique(np.concatenate([left, right]))),
        prior=prior,
        systems=pair_figures(of_known, same, (left, right), prior) if both else {},
        system=scored.system,
        histogram=score_histogram(scored.system, of_known[scored.system], same) if both else None,
        threshold=threshold,
        encoder=encoder,
        reranker=reranker,
        warnings=warnings,
        rows=_rows(laid, scored, systems, threshold),
    )


def pair_scores(scored: Scored) -> dict[str, Doubles]:
    """Name the scores of all pairs by every system there is, `qmf` last."""
    return system_scores(scored.features, scored.scores if scored.system == "qmf" else None)


def _rows(
    laid: LaidPairs, scored: Scored, systems: Mapping[str, Doubles], threshold: Threshold | None
) -> pa.Table:
    """One row a pair: who, the answer, every score, the probability and the decision."""
    accepted = None if threshold is None else scored.scores >= threshold.value
    columns = {
        "a": pa.array([pair.left for pair in laid.pairs], pa.string()),
        "b": pa.array([pair.right for pair in laid.pairs], pa.string()),
        "same_speaker": pa.array([pair.same_speaker for pair in laid.pairs], pa.bool_()),
        **{name: pa.array(scores, pa.float64()) for name, scores in systems.items()},
        "probability": pa.array(scored.probabilities, pa.float64(), from_pandas=True),
    }
    if accepted is not None:
        columns["decision"] = pa.array(accepted, pa.bool_())
    if any(pair.model is not None for pair in laid.pairs):
        columns["model"] = pa.array([pair.model for pair in laid.pairs], pa.string())
    return pa.table(columns)
