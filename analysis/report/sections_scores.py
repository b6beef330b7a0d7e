"""The sections on how well scores tell speakers apart."""

from collections.abc import Mapping, Sequence

from . import figures_scores as figures
from . import figures_top1
from .content import Chart, Section, Table, between, share
from .det import LOWEST
from .drawing import SYSTEM_NAMES
from .importance import FeatureImportance
from .matching import RERANKER, Matching, Rate
from .pairs import PairScores

_EVALUATE = (
    "There are no scored trials, and the labels allow none: a trial needs two speakers of one"
    " language, one of them with two recordings. Label recordings, or run spkret evaluate"
    " trials.jsonl."
)


_WITH_ARTICLE = {"cosine": "the cosine", "asnorm": "AS-norm", "reranker": "the reranker"}


def score_sections(
    scores: PairScores | None, matching: Matching | None, importance: Sequence[FeatureImportance]
) -> list[Section]:
    """List the sections, in order."""
    return [
        _pairs(scores),
        _det(matching),
        _top1(matching),
        _languages(matching),
        _reliability(matching),
        _importance(importance),
    ]


def _pairs(scores: PairScores | None) -> Section:
    title = "Scores of pairs"
    if scores is None:
        text = (
            "Pairs of one speaker and of two cannot be drawn: two labelled speakers of one language"
            " are needed, one of them with two recordings. Label recordings:"
            " spkret index AUDIO_DIR --manifest FILE."
        )
        return Section("scores", title, missing=text)
    drawn = (
        f"{scores.same:,} pairs of one speaker and {scores.different:,} of two, each within one"
        f" language, drawn from {scores.speakers:,} labelled speakers."
    )
    told = (
        f"Where both errors are equally frequent, at a cosine of {scores.threshold:.3f}, they are"
        f" {share(scores.eer)} (equal error rate, 95 % interval {between(scores.eer_ci)});"
        f" minimum detection cost at a prior of 0.01: {scores.min_dcf:.3f}"
        f" ({scores.min_dcf_ci[0]:.3f} to {scores.min_dcf_ci[1]:.3f})."
    )
    charts = (
        Chart(
            "chart-scores",
            "Do pairs of one speaker score higher than pairs of two?",
            "The less the two humps overlap, the better; the dashed line is where both errors are"
            " equally frequent.",
            figures.histogram(scores),
        ),
        Chart(
            "chart-scores-noise",
            "Does that hold between all noise conditions?",
            "Boxes of one colour that shift from row to row mean that no single threshold suits all"
            " conditions. Boxes hold the middle half, whiskers 90 % of the pairs.",
            figures.by_noise(scores),
            _noise_table(scores),
        ),
    )
    return Section("scores", title, (drawn, told), charts)


def _noise_table(scores: PairScores) -> Table:
    rows = [
        (
            name,
            0 if pair.same is None else pair.same.count,
            0 if pair.different is None else pair.different.count,
            None if pair.eer is None else share(pair.eer),
            None if pair.threshold is None else round(pair.threshold, 3),
        )
        for name, pair in scores.by_noise.items()
    ]
    columns = ("noise conditions", "pairs of one speaker", "of two", "EER", "cosine at the EER")
    return Table(columns, rows)


def _det(matching: Matching | None) -> Section:
    title = "Detection errors"
    if matching is None or not matching.pairs:
        return Section("det", title, missing=_EVALUATE)
    rows = [
        (
            SYSTEM_NAMES[name],
            *(share(system.eer), between(system.eer_ci)),
            round(system.min_dcf, 3),
            f"{system.min_dcf_ci[0]:.3f} to {system.min_dcf_ci[1]:.3f}",
        )
        for name, system in matching.pairs.items()
    ]
    chart = Chart(
        "chart-det",
        "What does each system miss, for how many false alarms?",
        "A miss takes one speaker for two, a false alarm two for one. Nearer to the lower left is"
        " better; circles on the dotted line are the equal error rates.",
        figures.det(matching.pairs),
        Table(("system", "EER", "95 % interval", "minDCF (0.01)", "95 % interval"), rows),
    )
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
    return Section("det", title, (origin(matching), text), (chart,))


def origin(matching: Matching) -> str:
    """Say where the trials are from."""
    trials = f"{matching.trials:,} trials with up to {matching.largest_group} candidates"
    if matching.logged_at is None:
        return (
            f"No evaluation is logged, so {trials} were drawn from the labels for this report; they"
            " were not logged. For trials of your own, run spkret evaluate trials.jsonl."
        )
    return (
        f"From the newest evaluation logged, of {matching.logged_at:%Y-%m-%d %H:%M} UTC: {trials}."
    )


def _top1(matching: Matching | None) -> Section:
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
    return Section("top1", title, (origin(matching),), charts, (("All trials", overall),))


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


def _reliability(matching: Matching | None) -> Section:
    title = "Reliability"
    if matching is None:
        return Section("reliability", title, missing=_EVALUATE)
    found = matching.reliability
    if found is None:
        text = "Probabilities need a reranker that fits the encoder: spkret train-reranker TRIALS."
        return Section("reliability", title, missing=text)
    rows = [(share(b.probability), share(b.outcome), b.count) for b in found.bins]
    chart = Chart(
        "chart-reliability",
        "When a match is said to be 80 % sure, is it right in 80 % of the cases?",
        "Points on the dotted line are honest, below it too sure, above it too modest; each holds"
        " about the same number of trials.",
        figures.reliability(found),
        Table(("probability said", "share found", "trials"), rows),
    )
    text = f"Expected calibration error: {share(found.ece)} (0 is perfect)."
    return Section("reliability", title, (text,), (chart,))


def _importance(importance: Sequence[FeatureImportance]) -> Section:
    title = "What the reranker goes by"
    if not importance:
        text = "No reranker fits the encoder: spkret train-reranker TRIALS makes one."
        return Section("importance", title, missing=text)
    rows = [(f.name, round(f.contribution, 3), share(f.gain), f.meaning) for f in importance]
    chart = Chart(
        "chart-importance",
        "Which features move a candidate most?",
        "Longer bars move a candidate further from the mean of its group; hover for what a feature"
        " means.",
        figures.importance(importance),
        Table(("feature", "mean move, log odds", "gain of the trees", "meaning"), rows),
    )
    text = "As measured on the trials that the reranker was trained on."
    return Section("importance", title, (text,), (chart,))
