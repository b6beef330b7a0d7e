"""`spkret make-trials`, `train-reranker` and `evaluate`: how good the match is, and better."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..analysis.wording import counted
from .base import (
    Command,
    device_option,
    json_option,
    log_option,
    model_option,
    store_option,
)
from .output import note, print_json, print_table

MOST_IMPORTANT = 15
"""How many features `train-reranker` prints; `--json` has them all."""

trials_argument = click.argument(
    "trials", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.command(
    "make-trials",
    cls=Command,
    examples={
        "spkret make-trials --records 1000 --group-size 50": "into ./trials.jsonl",
        "spkret make-trials --within gender --out hard.jsonl": "groups of one gender are harder",
        "spkret make-trials --holdout 0.3 --cover --out train.jsonl": "to train a reranker on",
        "spkret make-trials --holdout 0.3 --held-out --out test.jsonl": "other speakers, to test",
    },
    see_also=("evaluate", "train-reranker", "docs/reranking.md"),
)
@store_option
@click.option(
    "--records", type=click.IntRange(min=1), default=1000, show_default=True, help="How many."
)
@click.option(
    "--group-size",
    type=click.IntRange(min=2),
    default=50,
    show_default=True,
    help="Candidates in a group, the match included.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Draws the same trials again.",
)
@click.option(
    "--within",
    multiple=True,
    metavar="COLUMN",
    help="The other candidates agree with the anchor in this column (gender, or one of the "
    "manifest's own); may be given again.",
)
@click.option(
    "--holdout",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="Share of the speakers to keep for --held-out; the seed draws them.",
)
@click.option("--held-out", is_flag=True, help="Draw from the speakers that --holdout keeps.")
@click.option(
    "--cover",
    is_flag=True,
    help="For training: draw short and long speech evenly, and small languages more often.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="trials.jsonl",
    show_default=True,
    help="File to write, as JSON lines.",
)
@json_option
def make_trials(store_path: Path | str, out: Path, as_json: bool, **options: Any) -> None:
    """Draw trials from the labelled recordings of the store.

    A trial is a question with a known answer: an anchor and a group in one language, of which
    precisely one recording has the anchor's speaker, in any noise condition. They are written to
    --out as JSON lines, for evaluate and train-reranker.
    """
    from .. import api
    from ..rerank.trials import small_cells, write_trials
    from .progress import Working

    store = api.opened(store_path)
    with Working("drawing trials"):
        trials = api.make_trials(store, **options)
        write_trials(out, trials)
        small = small_cells(store.recordings.scan(), options["group_size"], options["within"])
    for line in small:
        note(line)
    if as_json:
        print_json({"trials": len(trials), "out": str(out)})
    else:
        click.echo(f"{counted(len(trials), 'trial')} written to {out}")


@click.command(
    "train-reranker",
    cls=Command,
    examples={
        "spkret train-reranker trials.jsonl": "train, measure, and save it into the store",
        "spkret train-reranker trials.jsonl --feature microphone --feature height:numeric": (
            "look at columns of the manifest as well"
        ),
        "spkret train-reranker trials.jsonl --tune 30": "try 30 settings of the trees first",
        "spkret train-reranker trials.jsonl --ablation --json > figures.json": (
            "what each family of features is worth"
        ),
    },
    see_also=("make-trials", "evaluate", "info", "docs/reranking.md"),
)
@trials_argument
@store_option
@click.option(
    "--feature",
    "features",
    multiple=True,
    metavar="COLUMN[:numeric|categorical]",
    help="Make features of one of the manifest's own columns; may be given again.",
)
@click.option(
    "--hold-out",
    metavar="COLUMN",
    help="Hold out whole values of a column, such as source, device or language, not just"
    " speakers: figures and probabilities are then those of recordings of another one.",
)
@click.option(
    "--objective",
    type=click.Choice(["softmax", "lambdarank"]),
    default="softmax",
    show_default=True,
    help="What the trees are trained for: the likelihood of the match among its group, or "
    "LightGBM's pairwise ranking.",
)
@click.option(
    "--tune",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Try N hyper-parameters of the trees by cross-validation; needs spkret[tune].",
)
@click.option(
    "--ablation",
    is_flag=True,
    help="Measure what leaving out each family of features costs; takes several times longer.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of folds and trees."
)
@model_option
@device_option
@json_option
def train_reranker(trials: Path, store_path: Path | str, as_json: bool, **options: Any) -> None:
    """Train the reranker of the store on TRIALS.

    The reranker orders a group by more than the cosine: cohorts, noise, pitch, durations. It is
    saved into the store, and query, verify and evaluate use it from then on.

    Prints how often each system is right (top-1), from cross-validation: no figure is of a speaker
    that was trained on. Says so where the reranker is no better than a simpler system.
    """
    from .. import api
    from .progress import Working

    with Working("training") as bar:
        evaluation = api.train_reranker(store_path, trials, progress=bar, **options).to_dict()
    _show(evaluation, as_json)
    if not as_json:
        _print_training(evaluation)
        click.echo(f"\nreranker saved into {store_path}; figures are of cross-validation")


@click.command(
    "evaluate",
    cls=Command,
    examples={
        "spkret evaluate trials.jsonl": "print the figures",
        "spkret evaluate trials.jsonl --json > figures.json": "keep them",
    },
    see_also=("make-trials", "train-reranker", "docs/reranking.md", "docs/calibration.md"),
)
@trials_argument
@store_option
@model_option
@device_option
@log_option
@json_option
def evaluate(trials: Path, store_path: Path | str, as_json: bool, **options: Any) -> None:
    """Measure on TRIALS how often each system names the right file.

    Systems are the plain cosine, its normalised forms, and the reranker. Top-1 is the share of
    trials in which the first candidate is the match, with its 95 % interval; it is also given by
    the noise of anchor and match, and by language. MRR is the mean of 1 / rank of the match; EER
    and minDCF are of verifying pairs one by one.

    Every score goes to the store's scores table, unless --no-log is given.
    """
    from .. import api
    from .progress import Working

    with Working("evaluating"):
        evaluation = api.evaluate(store_path, trials, **options).to_dict()
    _show(evaluation, as_json)


def _show(evaluation: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(evaluation)
        return
    print_systems(evaluation["systems"])
    for name, difference in evaluation.get("differences", {}).items():
        click.echo(f"reranker less {name}: {_points(difference)}")
    for title in ("by_noise", "by_language"):
        if evaluation.get(title):
            print_cells(title.replace("_", " "), evaluation[title])
    _print_calibration(evaluation["calibration"])
    for warning in evaluation.get("warnings", ()):
        note(f"warning: {warning}")


def _print_calibration(calibration: Mapping[str, Any]) -> None:
    """Print how well probabilities hold, where there are any."""
    if calibration["ece"] is None:
        return
    rows = [("the match", None, calibration["ece"], calibration["brier"], None)]
    if calibration["none"] is not None:
        none = calibration["none"]
        figures = (none[name] for name in ("roc_area", "ece", "brier", "cllr"))
        rows.append(("none of them", *figures))
    rows.append(("a pair", None, None, None, calibration["cllr"]))
    click.echo()
    print_table(("probability of", "ROC area", "ECE", "Brier", "Cllr"), rows)


def _print_training(evaluation: Mapping[str, Any]) -> None:
    """Print what a search chose, the most important features, and the ablation."""
    if evaluation["tuned"]:
        tuned = evaluation["tuned"]
        chosen = ", ".join(f"{n} {_short(v)}" for n, v in evaluation["recipe"].items())
        click.echo(f"\nthe best of {tuned['tried']} recipes: {chosen}")
        click.echo(f"mean log probability: {tuned['before']:.4f} -> {tuned['after']:.4f} nats")
    features = list(evaluation["importance"].items())[:MOST_IMPORTANT]
    rows = [(name, _percent(i["gain"]), f"{i['contribution']:.3f}") for name, i in features]
    click.echo()
    print_table(("feature", "gain of the trees %", "moves log odds by"), rows)
    if evaluation["ablation"]:
        click.echo()
        print_table(
            ("without", "features", "top-1 %", "cost, points", "95 % interval"),
            [_ablated(name, cost) for name, cost in evaluation["ablation"].items()],
        )


def _ablated(name: str, cost: Mapping[str, Any]) -> tuple[Any, ...]:
    points = f"{100 * cost['cost']:+.1f}"
    return name, cost["features"], _percent(cost["top1"]), points, _interval(cost["cost_ci"])


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def print_systems(systems: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the systems side by side: top-1 in percent with its 95 % interval, and more."""
    rows = [
        (name, _percent(s["top1"]), _interval(s["top1_ci"]), s["mrr"], s["eer"], s["min_dcf"])
        for name, s in systems.items()
    ]
    print_table(("system", "top-1 %", "95 % interval", "MRR", "EER", "minDCF"), rows)


def print_cells(title: str, cells: Mapping[str, Mapping[str, Any]]) -> None:
    """Print top-1 in percent of the cosine and the reranker in each cell."""
    rows = [
        (name, c["records"], _percent(c["cosine"]), _percent(c["reranker"]))
        for name, c in cells.items()
    ]
    click.echo()
    print_table((title, "records", "cosine top-1 %", "reranker top-1 %"), rows)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f}"


def _points(difference: Mapping[str, Any]) -> str:
    low, high = (100 * bound for bound in difference["top1_ci"])
    return f"{100 * difference['top1']:+.1f} points of top-1 ({low:+.1f} to {high:+.1f})"


def _interval(bounds: tuple[float, float]) -> str:
    return f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}"
