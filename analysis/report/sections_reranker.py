"""The sections on the reranker: how it did in training, and what it goes by."""

from collections.abc import Iterator, Sequence

from . import figures_scores as figures
from .content import Chart, Section, Table, between, share
from .cross_validation import CrossValidation
from .drawing import SYSTEM_NAMES
from .importance import FeatureImportance
from .matching import Reliability
from .origins import EVALUATE_HELD_OUT, About


def reliability_chart(found: Reliability, name: str = "chart-reliability") -> Chart:
    """Show whether probabilities hold."""
    rows = [(share(b.probability), share(b.outcome), b.count) for b in found.bins]
    return Chart(
        name,
        "When a match is said to be 80 % sure, is it right in 80 % of the cases?",
        "Points on the dotted line are honest, below it too sure, above it too modest; each holds"
        " about the same number of trials.",
        figures.reliability(found),
        Table(("probability said", "share found", "trials"), rows),
    )


def cross_validation(found: CrossValidation | None, about: About) -> Iterator[Section]:
    """Show what was saved with the store's own reranker; nothing without one."""
    if found is None:
        return
    told = (
        f"Reranker {about.reranker} was trained on {found.trials:,} trials, dealt into"
        f" {found.folds} folds: each was scored by models that had seen none of its"
        f" {found.held_out}. {EVALUATE_HELD_OUT}",
        f"Expected calibration error: {share(found.reliability.ece)} (0 is perfect).",
    )
    chart = reliability_chart(found.reliability, "chart-cross-validation")
    table = ("Systems in cross-validation", _systems(found))
    yield Section("cross-validation", "The reranker in training", told, (chart,), (table,))


def _systems(found: CrossValidation) -> Table:
    rows = [
        (SYSTEM_NAMES[name], share(each.top1), between(each.top1_ci), share(each.eer),
         round(each.min_dcf, 3))
        for name, each in found.systems.items()
        if name in SYSTEM_NAMES
    ]  # fmt: skip
    return Table(("system", "top-1", "95 % interval", "EER", "minDCF (0.01)"), rows)


def importance(features: Sequence[FeatureImportance], about: About) -> Section:
    """Show what the reranker in use goes by."""
    title = "What the reranker goes by"
    if not features:
        text = "No reranker fits the encoder: spkret train-reranker TRIALS makes one."
        return Section("importance", title, missing=text)
    rows = [(f.name, round(f.contribution, 3), share(f.gain), f.meaning) for f in features]
    chart = Chart(
        "chart-importance",
        "Which features move a candidate most?",
        "Longer bars move a candidate further from the mean of its group; hover for what a feature"
        " means.",
        figures.importance(features),
        Table(("feature", "mean move, log odds", "gain of the trees", "meaning"), rows),
    )
    text = f"Of reranker {about.reranker}, as measured on the trials that it was trained on."
    return Section("importance", title, (text,), (chart,))
