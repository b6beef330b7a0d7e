"""`spkret report`: one page on what is in a store and how well it tells speakers apart."""

from pathlib import Path

import click

from .base import Command, json_option, store_option
from .output import print_json
from .progress import TrainingBar

DEFAULT_OUT = Path("report.html")


@click.command(
    "report",
    cls=Command,
    examples={
        "spkret report": "writes report.html",
        "spkret report --out calls.html --points 30000": "more of the store on the map",
        "spkret report --projection pca --json > report.json": "the numbers alone, in a minute",
    },
    see_also=("audit", "evaluate", "probe", "docs/report.md"),
)
@store_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"HTML file to write; by default {DEFAULT_OUT}, and none with --json.",
)
@click.option(
    "--points",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Recordings on the map at most, drawn by whole speakers.",
)
@click.option(
    "--projection",
    type=click.Choice(["tsne", "pca"]),
    default="tsne",
    show_default=True,
    help="How the map is laid out: t-SNE takes half a minute for 10,000 recordings, PCA no time.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Draws the same pairs, trials and samples again.",
)
@json_option
def report(
    store_path: Path | str, out: Path | None, points: int, projection: str, seed: int, as_json: bool
) -> None:
    """Write one HTML page on the store: data, scores, errors, a map, clusters; needs no network.

    Data and failures, score distributions, DET curves, top-1 by noise condition and language,
    reliability, a map of the embeddings, clusters, and what the reranker goes by. Nothing is
    changed in the store. With --json, the numbers behind the page are printed.
    """
    from .. import api

    out = out or (None if as_json else DEFAULT_OUT)
    with TrainingBar() as bar:
        made = api.report(
            store_path, out, points=points, projection=projection, seed=seed, progress=bar
        )
    if as_json:
        print_json(made.to_dict())
    elif out is not None:
        for remark in made.standing_out:
            click.echo(f"{remark.severity.value}: {remark.text}")
        click.echo(f"{out} written: {out.stat().st_size / 1e6:.1f} MB; open it in a browser")
