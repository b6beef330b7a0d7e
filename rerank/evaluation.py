"""Systems side by side on groups whose match is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import metrics
from ..retrieval.groups import Groups
from ..retrieval.normalize import names_of
from ..retrieval.voices import Labels, Voices
from .features import Features
from .reliability import CalibrationFigures, Chances, calibration_figures

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Systems = Mapping[str, Doubles]

BASELINES = ("cosine", "centred", "asnorm", "plda")


@dataclass(frozen=True, slots=True)
class Figures:
    """How one system does: top-1 with its 95 % interval over speakers, MRR, EER, minDCF."""

    top1: float
    top1_ci: tuple[float, float]
    mrr: float
    eer: float
    min_dcf: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Top-1 of the reranker less another system's, with its 95 % interval over speakers."""

    top1: float
    top1_ci: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CellFigures:
    """Top-1 in one part of the trials; the reranker's is None where there is no reranker."""

    records: int
    cosine: float
    reranker: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Systems side by side on trials.

    Parameters
    ----------
    records, skipped : trials evaluated, and trials without a known match in their group
    systems : figures of each system
    differences : the reranker against each other system
    by_noise : cells `anchor->match` of noise conditions
    by_language : cells of the anchor's language
    calibration : its figures are None without a reranker
    warnings : in plain words
    """

    records: int
    skipped: int
    systems: Mapping[str, Figures]
    differences: Mapping[str, Difference]
    by_noise: Mapping[str, CellFigures]
    by_language: Mapping[str, CellFigures]
    calibration: CalibrationFigures
    warnings: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `spkret evaluate --json` prints."""
        document = asdict(self)
        document["warnings"] = list(self.warnings)
        return document


def system_scores(
    features: Features, qmf: Doubles | None = None, reranker: Doubles | None = None
) -> dict[str, Doubles]:
    """Name the scores of all candidates by every system there is.

    AS-norm is left out without a cohort, PLDA and the trained systems where there are none.
    """
    systems = {name: features.column(name) for name in BASELINES}
    systems = {name: scores for name, scores in systems.items() if not np.isnan(scores).any()}
    trained = {"qmf": qmf, "reranker": reranker}
    return systems | {name: scores for name, scores in trained.items() if scores is not None}


def evaluate_groups(
    systems: Systems,
    chances: Chances | None,
    voices: Voices,
    groups: Groups,
    matches: Rows,
    *,
    skipped: int = 0,
    warnings: Iterable[str] = (),
) -> Evaluation:
    """Measure every system.

    Parameters
    ----------
    systems : scores (total,) of each system, from `system_scores` or cross-validation
    chances : what the system named `reranker` says; None without one
    voices : the recordings that `groups` counts
    groups : anchors and candidates
    matches : (groups,), the position of each group's match among all candidates
    skipped : trials left out, to be reported
    warnings : to be reported with those found here
    """
    hits = {name: metrics.hits(s, groups.offsets, matches) for name, s in systems.items()}
    speakers = names_of(voices)[groups.anchors]
    differences = _differences(hits, speakers)
    noise, match_rows = voices.noises, groups.candidates[matches]
    calibrated = CalibrationFigures()
    if chances is not None:
        calibrated = calibration_figures(chances, groups, matches)
    return Evaluation(
        records=len(groups),
        skipped=skipped,
        systems={n: _figures(s, hits[n], groups, matches, speakers) for n, s in systems.items()},
        differences=differences,
        by_noise=_cells(hits, noise[groups.anchors] + "->" + noise[match_rows]),
        by_language=_cells(hits, voices.languages[groups.anchors]),
        calibration=calibrated,
        warnings=[*warnings, *_verdicts(differences)],
    )


def _figures(
    scores: Doubles, hits: Doubles, groups: Groups, matches: Rows, speakers: npt.NDArray[np.str_]
) -> Figures:
    is_match = groups.flags(matches)
    targets, nontargets = scores[is_match], scores[~is_match]
    pairs = len(nontargets) > 0
    return Figures(
        top1=float(hits.mean()),
        top1_ci=metrics.bootstrap_interval(hits, speakers),
        mrr=metrics.mrr(scores, groups.offsets, matches),
        eer=metrics.eer(targets, nontargets) if pairs else 0.0,
        min_dcf=metrics.min_dcf(targets, nontargets) if pairs else 0.0,
    )


def _differences(hits: Systems, speakers: npt.NDArray[np.str_]) -> dict[str, Difference]:
    if "reranker" not in hits:
        return {}
    return {
        name: Difference(float(gain.mean()), metrics.bootstrap_interval(gain, speakers))
        for name, gain in ((n, hits["reranker"] - h) for n, h in hits.items() if n != "reranker")
    }


def _verdicts(differences: Mapping[str, Difference]) -> list[str]:
    """Say of which baselines the reranker is not clearly better."""
    return [
        f"the reranker does not clearly beat {name} here: top-1 {100 * found.top1:+.1f} points,"
        f" 95 % interval {100 * found.top1_ci[0]:+.1f} to {100 * found.top1_ci[1]:+.1f}"
        for name, found in differences.items()
        if name in ("cosine", "qmf") and found.top1_ci[0] <= 0
    ]


def _cells(hits: Systems, keys: Labels) -> dict[str, CellFigures]:
    cells = {}
    for key in sorted(set(keys.tolist())):
        inside = keys == key
        reranker = float(hits["reranker"][inside].mean()) if "reranker" in hits else None
        cosine = float(hits["cosine"][inside].mean())
        cells[key] = CellFigures(int(inside.sum()), cosine, reranker)
    return cells
