"""`spkret fuse-encoders`: several trained networks as one encoder."""

from dataclasses import asdict
from pathlib import Path

import click

from ..errors import UsageError
from .base import Command, json_option, store_option
from .output import print_json


@click.command(
    "fuse-encoders",
    cls=Command,
    examples={
        "spkret fuse-encoders first second --out both": "with equal shares",
        "spkret fuse-encoders first second --shares 0.6,0.4 --out both": "the first counts more",
    },
    see_also=("train-encoder", "index", "docs/training-an-encoder.md"),
)
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write"
)
@click.option("--shares", metavar="LIST", help="A weight for each folder; by default equal ones.")
@click.option("--name", help="Name of the encoder in stores; by default OUT's.")
@store_option
@json_option
def fuse_encoders(
    folders: tuple[Path, ...],
    out: Path,
    shares: str | None,
    name: str | None,
    store_path: Path | str,  # noqa: ARG001 - every command takes --store
    as_json: bool,
) -> None:
    """Join several trained encoders into one.

    The new encoder, in the folder --out, holds them side by side. FOLDERS are what `train-encoder`
    wrote, from scratch, with `--network ecapa-tdnn` or
    `ecapa-cnn-tdnn`. The cosine of the new encoder's embeddings is the mean of theirs, weighed by
    the shares. It takes the time of all of them, and is right more often than each alone.
    """
    from ..indexer.training.fuse import fuse_encoders
    from .progress import Working

    with Working("writing and comparing"):
        fused = fuse_encoders(folders, out, name or out.name, _numbers(shares))
    if as_json:
        print_json(asdict(fused))
        return
    click.echo(
        f"{fused.out}: {fused.networks} networks, {fused.dimension} dimensions;"
        f" use it with `spkret index --model {fused.out}`"
    )


def _numbers(shares: str | None) -> list[float] | None:
    if shares is None:
        return None
    try:
        return [float(share) for share in shares.split(",")]
    except ValueError as error:
        raise UsageError(f"expected --shares as numbers, 0.6,0.4, got {shares!r}") from error
