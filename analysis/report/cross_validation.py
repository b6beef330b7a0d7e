"""What a store's own reranker reached when it was trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ... import metrics
from ...rerank.ranker import Reranker
from .matching import Reliability


@dataclass(frozen=True, slots=True)
class Validated:
    """How one system did on the trials that the reranker was trained on, all folds together."""

    top1: float
    top1_ci: tuple[float, float]
    eer: float
    min_dcf: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Figures saved with a reranker: no trial was scored by a model that had seen its speakers.

    Attributes
    ----------
    trials, folds : that it was trained on, and dealt into
    held_out : what a fold kept from its models, `speakers` or `domains`
    systems : those of a report (see `SYSTEM_NAMES`) that were measured
    reliability : of the best candidate's probability
    """

    trials: int
    folds: int
    held_out: str
    systems: Mapping[str, Validated]
    reliability: Reliability


def cross_validation_of(reranker: Reranker) -> CrossValidation | None:
    """Read what was saved with a reranker; None where nothing was."""
    told = reranker.training
    saved = told.get("cross_validation")
    if not saved:
        return None
    return CrossValidation(
        told["trials"],
        told["folds"],
        told["held_out"],
        {name: _validated(figures) for name, figures in saved["systems"].items()},
        _reliability(saved["calibration"]),
    )


def _validated(figures: Mapping[str, Any]) -> Validated:
    low, high = figures["top1_ci"]
    return Validated(figures["top1"], (low, high), figures["eer"], figures["min_dcf"])


def _reliability(calibration: Mapping[str, Any]) -> Reliability:
    bins = [metrics.ReliabilityBin(**part) for part in calibration["bins"]]
    return Reliability(calibration["ece"], bins)
