"""`spkret probe`: how well a tag is predicted from features."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import Command, device_option, json_option, store_option
from .output import note, print_json, print_table
from .values import complete_features

if TYPE_CHECKING:
    from ..analysis.probe.figures import Figure
    from ..analysis.probe.report import ClassifierReport, ProbeReport

_SHOWN_CLASSES = 12
_SHOWN_FEATURES = 8
_SHOWN_OUTLIERS = 5


@click.command(
    "probe",
    cls=Command,
    examples={
        "spkret probe --target gender": "from the stored embeddings",
        "spkret probe --target noise --features acoustics --out probe-noise": "tables and plots",
        "spkret probe --target language --features mfcc --limit 100": "reads the audio",
        """spkret probe --target speaker --features wavlm --where "language = 'en'" --json""": (
            "another encoder, on a part of the store"
        ),
    },
    see_also=("audit", "evaluate", "docs/probe.md"),
)
@store_option
@click.option(
    "--target",
    type=click.Choice(["gender", "speaker", "noise", "language"]),
    required=True,
    help="The tag to predict.",
)
@click.option(
    "--features",
    default="stored",
    show_default=True,
    metavar="NAME",
    shell_complete=complete_features,
    help="stored (the store's embeddings), acoustics (its columns), mfcc, or an encoder: a name of "
    "`models` or a path. The last two read the audio.",
)
@click.option("--where", metavar="SQL", help='Only rows that satisfy: "duration_s > 2".')
@click.option(
    "--limit", type=click.IntRange(min=2), metavar="N", help="At most N recordings of each value."
)
@click.option(
    "--classes",
    type=click.IntRange(min=2),
    default=50,
    show_default=True,
    metavar="N",
    help="At most N values of the tag, those with the most recordings.",
)
@click.option(
    "--folds",
    type=click.IntRange(min=2),
    default=5,
    show_default=True,
    help="Parts of the cross-validation.",
)
@click.option("--seed", default=0, show_default=True, help="Of draws, folds and classifiers.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write probe.json, CSV tables and plots there (the extra plots).",
)
@device_option
@json_option
def probe(store_path: Path | str, as_json: bool, out: Path | None, **options: Any) -> None:
    """Say how well classifiers predict a tag from features.

    A naive baseline, logistic regression, LightGBM, a small network and, on MFCC, a CNN, in a
    cross-validation: no speaker is in both parts; for --target speaker, no file and no session.
    Also the features' own analysis. Tags that a tagger gave are left out.
    """
    from .. import api
    from .progress import Working

    with Working("probing") as bar:
        report = api.probe(
            store_path,
            out=out,
            progress=bar.part("reading"),
            **options,
        )
    if as_json:
        print_json(report.to_dict())
        return
    _show(report)
    if out is not None:
        note(f"probe.json, tables and plots written to {out}")


def _show(report: "ProbeReport") -> None:
    for warning in report.warnings:
        note(f"warning: {warning}")
    click.echo(
        f"{report.target} from {report.features}: {report.recordings} recordings of"
        f" {report.speakers} speakers, {len(report.classes)} classes; {report.folds} folds, no"
        f" {report.split} on both sides\n"
    )
    print_table(
        ("classifier", "accuracy %", "balanced = recall %", "precision %", "F1 %", "seconds"),
        map(_row, report.classifiers),
    )
    click.echo("in brackets 95 % intervals over speakers; precision, recall and F1 are macro means")
    for name, reason in report.absent.items():
        click.echo(f"{name} left out: {reason}")
    for each in report.classifiers:
        if each.no_better_than_naive:
            click.echo(f"{each.name} predicts no better than the naive baseline")
    _show_classes(report)
    _show_inspection(report)


def _row(each: "ClassifierReport") -> tuple[object, ...]:
    found = each.figures
    shown = (found.accuracy, found.balanced_accuracy, found.precision, found.f1)
    return (each.name, *map(_percent, shown), f"{each.seconds:.1f}")


def _percent(figure: "Figure") -> str:
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def _show_classes(report: "ProbeReport") -> None:
    """Print the best classifier's figures of the largest classes, and its confusion of few."""
    best = report.best
    largest = sorted(best.classes, key=lambda each: -each.recordings)[:_SHOWN_CLASSES]
    click.echo()
    print_table(
        (f"{report.target}, by {best.name}", "recordings", "precision", "recall", "F1"),
        ((each.name, each.recordings, each.precision, each.recall, each.f1) for each in largest),
    )
    if len(best.classes) > len(largest):
        click.echo(f"and {len(best.classes) - len(largest)} more: --json or --out has all")
        return
    click.echo()
    names = [each.name for each in best.classes]
    rows = zip(names, best.confusion, strict=True)
    print_table(("true \\ predicted", *names), ((name, *row) for name, row in rows))


def _show_inspection(report: "ProbeReport") -> None:
    found = report.inspection
    click.echo()
    print_table(
        ("feature", "ANOVA F", "nats of the tag", "mean", "sd", "skew", "missing"),
        _features(report),
    )
    click.echo(
        f"{len(found.features)} features, those first that differ most with the {report.target};"
        f" {found.redundant_pairs} pairs with a correlation beyond ±0.95"
    )
    for pair in found.redundant[:1]:
        click.echo(f"the closest pair: {pair.a} and {pair.b} ({pair.correlation:+.3f})")
    click.echo(f"{len(found.outliers)} recordings far from the others")
    for outlier in found.outliers[:_SHOWN_OUTLIERS]:
        furthest = ", ".join(outlier.features)
        click.echo(f"  {outlier.path} (robust z {outlier.deviation:.1f}; most in {furthest})")


def _features(report: "ProbeReport") -> Iterator[tuple[object, ...]]:
    for row in report.inspection.features[:_SHOWN_FEATURES]:
        yield (
            row.name,
            f"{row.anova_f:.1f}",
            row.mutual_information,
            row.mean,
            row.sd,
            row.skew,
            row.missing,
        )
