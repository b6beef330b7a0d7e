"""`spkret export` and `spkret import`: the files of other tools."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..interchange.kinds import KINDS
from .base import Command, Failed, filter_options, json_option, store_option
from .indexing import FAILURES, counts
from .output import note, print_json
from .progress import Working

if TYPE_CHECKING:
    from ..interchange.import_embeddings import ImportSummary

_COUNTED = {"manifest": "recordings"}


@click.command(
    "export",
    cls=Command,
    examples=[
        "spkret export --out xvector.scp",
        "spkret export --out embeddings.npz --language en --noise clean",
        "spkret export --out embeddings.h5 --key id",
        "spkret export --what manifest --out data --format kaldi",
        "spkret export --what scores --out scores.tsv --format nist",
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
    store_path: Path | str, what: str, out: Path, form: str | None, as_json: bool, **options: Any
) -> None:
    """Write what a store holds into files that other tools read.

    Embeddings, a manifest of the recordings, the trials of the newest evaluation, or the scored
    pairs of the newest run. Of trials and scores, --where is a condition on their own columns:
    "command = 'verify'".
    """
    from .. import api

    with Working("reading the store") as working:
        progress = working.part(f"writing {what}")
        written = api.export(store_path, out, what, format=form, progress=progress, **options)
    if as_json:
        print_json(written)
    else:
        for doubt in written.notes:
            note(doubt)
        counted = _COUNTED.get(what, what)
        click.echo(f"{written.rows} {counted} written to {' and '.join(written.files)}")


@click.command(
    "import",
    cls=Command,
    examples=[
        "spkret import xvector.scp --manifest data/train --encoder wespeaker-resnet34",
        "spkret import embeddings.npz --manifest tags.csv --encoder ecapa-voxceleb --store ./other",
        "spkret import vectors.h5 --encoder titanet --audio-dir ./audio --acoustics",
    ],
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_option
@click.option(
    "--encoder",
    required=True,
    metavar="NAME",
    help="A name of your own for what made the embeddings; the store is bound to it.",
)
@click.option(
    "--manifest",
    type=click.Path(exists=True, path_type=Path),
    help="What the recordings are: a manifest as for index, or a Kaldi data dir with utt2spk.",
)
@click.option(
    "--audio-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that relative paths belong to.",
)
@click.option("--format", metavar="NAME", help="The format, where the file's name does not tell.")
@click.option(
    "--acoustics",
    is_flag=True,
    help="Read the audio too, and measure what the reranker uses beside the embeddings.",
)
@click.option(
    "--strict", is_flag=True, help="Exit with status 1 if a key or a row of the manifest is left."
)
@json_option
def import_(
    file: Path, store_path: Path | str, encoder: str, strict: bool, as_json: bool, **options: Any
) -> None:
    """Store embeddings made elsewhere: Kaldi, NumPy, HDF5, safetensors, CSV, TSV or Parquet.

    The store is made if it is not there, and bound to NAME and the dimension. Keys are looked up
    in the manifest: its paths, its column utterance, key or id, then names of files. Without a
    manifest, keys are paths. An import may be repeated: rows are replaced.
    """
    from .. import api

    with Working("importing") as working:
        progress = working.part("reading audio") if options["acoustics"] else None
        summary = api.import_embeddings(store_path, file, encoder, progress=progress, **options)
    if as_json:
        print_json(summary)
    else:
        _print_import(summary, store_path)
    if strict and (summary.without_row or summary.without_key or summary.failed):
        raise Failed("not every key and row of the manifest found its partner (--strict)")


def _print_import(summary: "ImportSummary", store_path: Path | str) -> None:
    click.echo(
        f"{summary.imported} of {summary.keys} embeddings ({summary.dimension} numbers each) of"
        f" {summary.encoder} imported into {store_path}; {summary.replaced} replaced,"
        f" {summary.duplicates} duplicates"
    )
    click.echo(f"tags: {counts(summary.found)}")
    if summary.without_row or summary.without_key:
        note(
            f"left out: {summary.without_row} keys that name no recording, {summary.without_key}"
            f" recordings that no key names, such as {', '.join(map(repr, summary.examples))}"
        )
    if summary.failed:
        note(f"not imported or not measured: {counts(summary.failed)}; why: {FAILURES}")
