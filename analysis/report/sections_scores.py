"""The sections on how well scores tell speakers apart."""

from collections.abc import Mapping

from . import figures_scores as figures
from . import figures_top1
from .content import Chart, Section, Table, between, share
from .det import LOWEST
from .drawing import SYSTEM_NAMES
from .matching import RERANKER, Matching, Rate, Reliability
from .origins import About, held_back, mismatch, origin
from .report import Report
from .sections_pairs import pairs_section
from .sections_reranker import cross_validation, importance, reliability_chart

_EVALUATE = (
    "There are no scored trials, and the labels allow none: a trial needs two speakers of one"
    " language, one of them with two recordings. Label recordings, or run spkret evaluate"
    " trials.jsonl."
)


_WITH_ARTICLE = {"cosine": "the cosine", "asnorm": "AS-norm", "reranker": "the reranker"}


def score_sections(report: Report) -> list[Section]:
    """List the sections, in order."""
    matching, about = report.matching, report.about
    return [
        pairs_section(report.scores),
        _det(matching, about),
        _top1(matching, about),
        _languages(matching),
        _reliability(matching, about),
        *cross_validation(report.cross_validation, about),
        importance(report.importance, about),
    ]


def _det(matching: Matching | None, about: About) -> Section:
    title = "Detection errors"
    if matching is None or not matching.pairs:
        return Section("det", title, missing=_EVALUATE)
    chart = Chart(
        "chart-det",
        "What does each system miss, for how many false alarms?",
        "A miss takes one speaker for two, a false alarm two for one. Nearer to the lower left is"
        " better; circles on the dotted line are the equal error rates.",
        figures.det(matching.pairs),
        _det_table(matching),
    )
    return Section("det", title, (origin(matching, about), _det_told(matching)), (chart,))


def _det_table(matching: Matching) -> Table:
    rows = [
        (
            SYSTEM_NAMES[name],
            *(share(system.eer), between(system.eer_ci)),
            round(system.min_dcf, 3),
            f"{system.min_dcf_ci[0]:.3f} to {system.min_dcf_ci[1]:.3f}",
        )
        for name, system in matching.pairs.items()
    ]
    return Table(("system", "EER", "95 % interval", "minDCF (0.01)", "95 % interval"), rows)


def _det_told(matching: Matching) -> str:
    text = "Every anchor with every candidate of its trial, taken as a pair."
    if RERANKER in matching.pairs:
        text += (
            " The reranker's score also knows the rest of the group, which a pair by itself does"
            " not have; QMF is what spkret verify goes by."
        )
    if any(system.eer < LOWEST for system in matching.pairs.values()):
        text += (
            " A system that makes next to no errors on these trials has its curve in the corner."
        )
    return text


def _top1(matching: Matching | None, about: About) -> Section:
    title = "Top-1 by noise condition"
    if matching is None:
        return Section("top1", title, missing=_EVALUATE)
    rows = [
        (SYSTEM_NAMES[name], share(r.top1), between(r.top1_ci), r.trials, r.speakers)
        for name, r in matching.top1.items()
    ]
    overall = Table(("system", "top-1", "95 % interval", "trials", "speakers of anchors"), rows)
    charts = [
        Chart(
            f"chart-top1-{name}",
            f"Where does {_WITH_ARTICLE[name]} find the match?",
            "Rows are the anchor's condition, columns the match's; brighter is better.",
            figures_top1.top1_by_noise(matching, name),
            _rates_table("anchor->match", cells),
        )
        for name, cells in matching.by_noise.items()
        if name in _shown(matching)
    ]
    return Section("top1", title, (origin(matching, about),), charts, (("All trials", overall),))


def _shown(matching: Matching) -> set[str]:
    """Show cosine, and the best system beside it."""
    return {"cosine", list(matching.top1)[-1]}


def _rates_table(what: str, rates: Mapping[str, Rate]) -> Table:
    rows = [(k, share(r.top1), between(r.top1_ci), r.trials, r.speakers) for k, r in rates.items()]
    return Table((what, "top-1", "95 % interval", "trials", "speakers of anchors"), rows)


def _languages(matching: Matching | None) -> Section:
    title = "Top-1 by language"
    if matching is None:
        return Section("top1-languages", title, missing=_EVALUATE)
    system, rates = list(matching.by_language.items())[-1]
    few = len(figures_top1.languages_shown(matching))
    text = "" if few == len(rates) else f"The {few} languages with the most trials are drawn."
    chart = Chart(
        "chart-top1-languages",
        "In which languages is the match found?",
        "Bars are 95 % intervals over speakers; an open circle has fewer than five speakers, too"
        " few for one.",
        figures_top1.top1_by_language(matching),
        _rates_table(f"language (by {SYSTEM_NAMES[system]})", rates),
    )
    return Section("top1-languages", title, tuple(filter(None, (text,))), (chart,))


def _reliability(matching: Matching | None, about: About) -> Section:
    title = "Reliability"
    if matching is None:
        return Section("reliability", title, missing=_EVALUATE)
    found = matching.reliability
    if found is None:
        return Section("reliability", title, missing=_without_reliability(matching, about))
    return Section("reliability", title, _told_of(found, matching), (reliability_chart(found),))


def _without_reliability(matching: Matching, about: About) -> str:
    if held_back(matching, about):
        return origin(matching, about)
    warning = mismatch(matching, about.reranker)
    if warning:
        return f"{warning[0].upper()}{warning[1:]}. Run spkret evaluate again."
    return "Probabilities need a reranker that fits the encoder: spkret train-reranker TRIALS."


def _told_of(found: Reliability, matching: Matching) -> tuple[str, str]:
    return (
        f"Expected calibration error: {share(found.ece)} (0 is perfect).",
        f"Of reranker {matching.reranker}.",
    )
