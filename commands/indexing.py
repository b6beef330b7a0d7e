"""`spkret index`: a folder of audio into a store."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..analysis.wording import counted
from ..store.urls import is_url
from .base import (
    Command,
    Failed,
    device_option,
    json_option,
    language_model_option,
    store_option,
)
from .clustering import ray_option
from .output import note, print_json
from .tagging import TAGS, WITHOUT_AUDIO
from .values import PathOrUrl, complete_model

if TYPE_CHECKING:
    from ..indexer.summary import IndexSummary

FAILURES = "spkret sql 'select path, reason, detail from failures'"
BETTER = (
    "a more accurate encoder is one flag away: --model ecapa (another --store); see spkret models"
)


@click.command(
    "index",
    cls=Command,
    examples={
        "spkret index ./audio": "tags from ./audio/manifest.csv or from folder names",
        "spkret index ./audio --manifest tags.csv --store ./calls": "tags and store elsewhere",
        "spkret index ./audio --tag noise --tag gender": "tell missing tags from the sound",
        "spkret index /new/audio --moved-from /old/audio": "after the folder was moved",
        "spkret index ./radio --vad --crops 5 --store ./radio-speech": "embed speech only",
        "spkret index s3://bucket/audio --store ./calls": "audio that is fetched as it is read",
        "spkret index /nfs/audio --store /nfs/store --ray 10.0.0.1:6379": "on a Ray cluster",
    },
    see_also=("info", "tag", "audit", "docs/indexing.md", "docs/ray.md"),
    fails_if="a file could not be indexed (--strict)",
    sections={
        "Embeddings": ("--model", "--crops", "--vad", "--denoise"),
        "Cluster": ("--ray", "--ray-workers"),
    },
)
@click.argument("audio_dir", type=PathOrUrl(exists=True, file_okay=False, path_type=Path))
@store_option
@click.option(
    "--manifest",
    type=PathOrUrl(exists=True, path_type=Path),
    help="CSV, TSV, JSON lines (NeMo), Parquet, Kaldi data dir, Lhotse recordings or cuts; by "
    "default the one in AUDIO_DIR, else the folder names.",
)
@click.option(
    "--model",
    default="compact",
    show_default=True,
    metavar="MODEL",
    shell_complete=complete_model,
    help="Encoder: a name of `spkret models` or a path.",
)
@click.option(
    "--crops",
    type=click.IntRange(0, 100),
    default=0,
    help="Embed N crops of 3 s beside the whole recording, and average.",
    metavar="N",
)
@click.option("--vad", is_flag=True, help="Embed speech only (Silero VAD, the extra vad).")
@click.option(
    "--denoise", is_flag=True, help="Turn noise down first (noisereduce, the extra denoise)."
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    type=click.Choice(TAGS),
    help="Tell this tag from the sound where none is given; may be given several times.",
)
@language_model_option
@device_option
@click.option("--prune", is_flag=True, help="Drop rows whose file is gone.")
@click.option(
    "--moved-from",
    metavar="DIR",
    help="AUDIO_DIR was here when it was indexed: take its rows over, and embed nothing again.",
)
@ray_option("Read the files on a Ray cluster (the extra ray)")
@click.option(
    "--ray-workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Workers on the cluster; by default one a GPU, else one for each 4 CPUs.",
)
@click.option("--strict", is_flag=True, help="Exit with status 1 if any file could not be indexed.")
@json_option
def index(
    audio_dir: Path | str,
    store_path: Path | str,
    model: str,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Turn a folder of recordings into a store that can be searched.

    Finds the audio files under AUDIO_DIR, reads who speaks in them, in which language and noise,
    embeds them, and writes rows and search indexes into --store, which is made if it is not there.
    AUDIO_DIR, --manifest and --store may be URLs, such as s3://bucket/audio (the extra remote).

    Files that did not change are not read again; an interrupted run goes on where it stopped. Files
    that cannot be indexed go to the failures table, with a reason, and are counted at the end.

    A store is bound to --model, --crops, --vad and --denoise; a later run may leave the last three
    out. Queries embed files that are not stored in the same way.
    """
    from .. import api
    from .progress import IndexBar

    with IndexBar() as progress:
        summary = api.index(audio_dir, store_path, model=model, progress=progress, **options)
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary, store_path, model)
        _note_lost_roots(store_path, summary.root)
    if strict and summary.failed:
        failed = counted(sum(summary.failed.values()), "file")
        raise Failed(f"{failed} could not be indexed (--strict); why: {FAILURES}")


def _print_summary(summary: "IndexSummary", store_path: Path | str, model: str) -> None:
    click.echo(
        f"{summary.indexed} of {summary.files} files indexed into {store_path}"
        f" ({summary.hours:.2f} h of audio in {summary.seconds:.0f} s);"
        f" {summary.unchanged} unchanged, {summary.updated} with new tags,"
        f" {summary.duplicates} duplicates, {summary.pruned} pruned"
    )
    click.echo(f"tags from {summary.origin}: {counts(summary.found)}")
    for doubt in summary.doubts:
        note(doubt)
    for tag, values in summary.tagged.items():
        click.echo(f"{tag} told from the sound: {counts(values)}")
    missing = [t for t, count in summary.found.items() if not count and t not in summary.tagged]
    if missing:
        note(f"no {', '.join(missing)} found; a manifest can give them (spkret index --help)")
    if audible := [tag for tag in missing if tag in WITHOUT_AUDIO]:
        note(f"or tell them from the sound: spkret tag {' '.join(f'--{tag}' for tag in audible)}")
    if summary.failed:
        note(f"not indexed: {counts(summary.failed)}; why: {FAILURES}")
    if model == "compact":
        note(BETTER)


def _note_lost_roots(store_path: Path | str, root: str) -> None:
    """Name the folders that recordings were indexed from and that are gone, as if moved."""
    from .. import api

    for other in api.opened(store_path).recordings.roots():
        if other != root and not is_url(other) and not Path(other).exists():
            note(
                f"{other}, which recordings of this store were indexed from, is gone; if it is"
                f" {root} now: spkret index {root} --moved-from {other}"
            )


def counts(found: Mapping[str, int]) -> str:
    """Write how many there are of each, as far as there are any."""
    return ", ".join(f"{name} {count}" for name, count in found.items() if count) or "none"
