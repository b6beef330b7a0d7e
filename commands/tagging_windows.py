"""`spkret tag-windows`: what is heard in a long file, second by second."""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import (
    Command,
    Misused,
    device_option,
    json_option,
    language_model_option,
    model_option,
    require_named_store,
    store_option,
)
from .output import note, print_json, print_table
from .values import complete_recording

if TYPE_CHECKING:
    from ..indexer.tagging.segments import Window

_NO_VAD = (
    "speech was not looked for, so every sound counts as speech: pip install 'spkret[vad]' mends it"
)
_TITLES = {
    "start_s": "start",
    "end_s": "end",
    "speech": "speech",
    "noise": "noise",
    "noise_probability": "p",
    "gender": "gender",
    "gender_probability": "p",
    "language": "language",
    "language_probability": "p",
    "cosine": "cosine",
}


@click.command(
    "tag-windows",
    cls=Command,
    examples={
        "spkret tag-windows tape.wav": "a line each half second",
        "spkret tag-windows tape.wav --anchor commander.wav --merge": "where does this voice speak",
        "spkret tag-windows tape.wav --window 2 --hop 2 --csv > tape.csv": "for a spreadsheet",
    },
    see_also=("tag", "docs/long-files.md"),
)
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@store_option
@click.option(
    "--window",
    "window_s",
    type=float,
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a window is.",
)
@click.option(
    "--hop",
    "hop_s",
    type=float,
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="How far apart windows begin.",
)
@click.option(
    "--anchor",
    metavar="A",
    shell_complete=complete_recording,
    help="Tell how similar each window's voice is to this recording: an id, a stored path or a "
    "file.",
)
@click.option("--merge", is_flag=True, help="Join windows of equal tags to segments.")
@language_model_option
@model_option
@device_option
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@json_option
def tag_windows(
    path: Path, store_path: Path | str, as_csv: bool, as_json: bool, **options: Any
) -> None:
    """Say what is heard when in a long FILE: speech, noise, gender, voice.

    Nothing is stored, and there need not be a store: one that is there gives the encoder, and the
    anchor by id or path. A silent window has no tags, and one of which less than a quarter is
    speech has no gender, language or cosine. Languages are told with --language-model.
    """
    from .. import api
    from .progress import Working

    if as_csv and as_json:
        raise Misused("expected --csv or --json, got both")
    require_named_store(store_path)
    with Working("listening"):
        windows = api.tag_windows(path, store=store_path, **options)
    if windows[0].speech is None:
        note(_NO_VAD)
    if as_json:
        print_json(_document(path, windows, options))
    elif as_csv:
        _print_csv(windows)
    else:
        _print_windows(windows, options)


def _document(
    path: Path, windows: Sequence["Window"], options: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "path": str(path),
        "window_s": options["window_s"],
        "hop_s": options["hop_s"],
        "merged": options["merge"],
        "anchor": options["anchor"],
        "language_model": options["language_model"],
        "windows": [window.to_dict() for window in windows],
    }


def _print_windows(windows: Sequence["Window"], options: Mapping[str, Any]) -> None:
    """Print a table, without the columns that nobody asked for."""
    unasked = set() if options["anchor"] else {"cosine"}
    if not options["language_model"]:
        unasked |= {"language", "language_probability"}
    names = [name for name in _TITLES if name not in unasked]
    rows = ([window.to_dict()[name] for name in names] for window in windows)
    print_table([_TITLES[name] for name in names], rows)


def _print_csv(windows: Sequence["Window"]) -> None:
    """Print a row a window; each noise condition's probability has its column."""
    conditions = {name: None for window in windows for name in window.noise_probabilities}
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*_TITLES, *(f"probability_{name}" for name in conditions)])
    for window in windows:
        values = window.to_dict()
        shares = [window.noise_probabilities.get(name) for name in conditions]
        writer.writerow([*(values[name] for name in _TITLES), *shares])
