"""The reranker of a store in words, for `spkret info`."""

from typing import TYPE_CHECKING

import click

from ..analysis.wording import counted
from ..errors import RerankerError
from .output import note, print_table
from .reranking import print_systems

if TYPE_CHECKING:
    from ..rerank.summary import RerankerSummary
    from ..store.store import Store

_MOST_IMPORTANT = 8


def reranker_of(store: "Store") -> "RerankerSummary | None":
    """Summarise the reranker that serves a store; a damaged one is noted, and counts as none."""
    from ..rerank.summary import summarise_for

    try:
        return summarise_for(store)
    except RerankerError as error:
        note(f"warning: {error}")
        return None


def print_reranker(summary: "RerankerSummary | None", encoder: str) -> None:
    """Print where the reranker comes from, its own figures, and what it looks at most."""
    if summary is None:
        click.echo(f"no reranker for {encoder}; train one: spkret train-reranker TRIALS")
        return
    click.echo(f"reranker {_origin(summary)}{_training(summary)}")
    if summary.systems:
        click.echo("its own figures there, by cross-validation:")
        print_systems(summary.systems)
    if summary.importance:
        click.echo(f"\nmost important of {counted(summary.features, 'feature')}:")
        rows = list(summary.importance.items())[:_MOST_IMPORTANT]
        print_table(
            ("feature", "gain of the trees %", "moves log odds by"),
            ((name, f"{100 * i['gain']:.1f}", f"{i['contribution']:.3f}") for name, i in rows),
        )


def _origin(summary: "RerankerSummary") -> str:
    if summary.source == "shipped":
        return f"that ships with spkret for {summary.encoder}"
    return f"of this store, saved at {summary.saved_at}"


def _training(summary: "RerankerSummary") -> str:
    if summary.trials is None:
        return ""
    trees, trials = counted(summary.trees or 0, "tree"), counted(summary.trials, "trial")
    folds = f"{summary.folds} folds that hold out {summary.held_out}"
    return f": {trees} trained on {trials}, measured in {folds}"
