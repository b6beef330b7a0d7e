"""`spkret tag`: fill in the tags that stored recordings lack."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import Command, device_option, json_option, language_model_option, store_option
from .output import print_json

if TYPE_CHECKING:
    from ..indexer.tagging.stored import TagSummary

TAGS = ("noise", "gender", "language")
WITHOUT_AUDIO = ("noise", "gender")


@click.command(
    "tag",
    cls=Command,
    examples={
        "spkret tag": "noise and gender, where they are missing",
        "spkret tag --noise --store ./calls": "noise only",
        "spkret tag --gender --again": "replace what was told from the sound earlier",
        "spkret tag --language --language-model ./lang-id-voxlingua107-ecapa": "reads the audio",
    },
    see_also=("index", "tag-windows", "audit", "docs/tagging.md"),
)
@store_option
@click.option("--noise", is_flag=True, help="Tell communication, background and clean apart.")
@click.option("--gender", is_flag=True, help="Tell f and m apart.")
@click.option("--language", is_flag=True, help="Tell the language; reads the audio files.")
@click.option("--again", is_flag=True, help="Replace what a tagger said earlier, too.")
@language_model_option
@device_option
@json_option
def tag(
    store_path: Path | str,
    again: bool,
    language_model: str | None,
    device: str,
    as_json: bool,
    **wanted: bool,
) -> None:
    """Tell missing tags (noise, gender, language) from the sound.

    By default noise and gender, which are told from what is stored already. A tag that a manifest
    or a folder gave is never replaced. Beside each tag the store keeps how probable it is.
    """
    from .. import api
    from .progress import Working

    tags = [name for name in TAGS if wanted[name]] or WITHOUT_AUDIO
    with Working("tagging") as bar:
        summaries = api.tag(store_path, tags, again, language_model, device, bar)
    if as_json:
        print_json({summary.tag: summary for summary in summaries})
    else:
        for summary in summaries:
            click.echo(_line(summary))


def _line(summary: "TagSummary") -> str:
    if not summary.rows:
        return f"{summary.tag}: no recording lacks it"
    values = ", ".join(f"{value} {count}" for value, count in summary.tagged.items()) or "none"
    return f"{summary.tag} of {summary.rows} recordings told: {values}; not told: {summary.unsaid}"
