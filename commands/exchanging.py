"""`spkret export` and `spkret import`: the files of other tools."""

from pathlib import Path
from typing import Any

import click

from ..interchange.kinds import KINDS
from .base import Command, filter_options, json_option, store_option
from .output import print_json
from .progress import TrainingBar


@click.command(
    "export",
    cls=Command,
    examples=[
        "spkret export --out xvector.scp",
        "spkret export --out embeddings.npz --language en --noise clean",
        "spkret export --out embeddings.h5 --key id",
    ],
)
@store_option
@click.option(
    "--what",
    type=click.Choice(list(KINDS)),
    default="embeddings",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write; the ending of its name tells the format.",
)
@click.option("--format", "form", help="The format, where the name does not tell.", metavar="NAME")
@click.option(
    "--key",
    type=click.Choice(["path", "id", "speaker-path"]),
    default="path",
    show_default=True,
    help="What names a recording there.",
)
@filter_options
@json_option
def export(
    store_path: Path, what: str, out: Path, form: str | None, as_json: bool, **options: Any
) -> None:
    """Write embeddings into a file that other tools read."""
    from .. import api

    with TrainingBar() as bar:
        written = api.export(
            store_path,
            out,
            what,
            format=form,
            progress=lambda done, total: bar(f"writing {what}", done, total, ""),
            **options,
        )
    if as_json:
        print_json(written)
    else:
        click.echo(f"{written.rows} {what} written to {' and '.join(written.files)}")
