"""`spkret query`: whose voice is it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from .base import (
    Command,
    device_option,
    filter_options,
    json_option,
    log_option,
    model_option,
    store_option,
)
from .clustering import search_options, searched
from .output import note_warnings, percent, print_contributions, print_json, print_table
from .values import complete_recording

_EXPLAINED = 3
_SHARES = 3
_EVEN = 0.5


@click.command(
    "query",
    cls=Command,
    examples={
        "spkret query anchor.wav --group group.txt": "who of these is the anchor",
        "ls calls/*.wav | spkret query anchor.wav --group - --json": "from a pipe, for a program",
        "spkret query en/004.opus --language en --top 5": "the nearest five of the whole store",
        "spkret query en/004.opus --ray auto": "of a store too large for one machine",
    },
    see_also=("verify", "identify", "docs/querying.md", "docs/scale.md"),
    sections={"Cluster": ("--ray", "--ray-workers", "--ray-stop")},
)
@click.argument("anchor", shell_complete=complete_recording)
@store_option
@click.option(
    "--group",
    "group_file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="The candidates: one path or id a line; - is stdin. By default the whole store.",
)
@click.option("--top", type=click.IntRange(min=1), help="Show only the best K candidates.")
@click.option(
    "--explain",
    is_flag=True,
    help="Say in words what speaks for and against the first candidates, and show the numbers.",
)
@click.option("--open", "open_group", is_flag=True, help="The match may be none of them.")
@click.option(
    "--min-probability",
    type=click.FloatRange(0, 1),
    help="Name no match below this probability.",
)
@filter_options
@search_options
@model_option
@device_option
@log_option
@json_option
def query(
    anchor: str,
    store_path: Path | str,
    group_file: str | None,
    ray: str | None,
    ray_workers: int | None,
    ray_stop: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Name the one file in a group that is spoken by ANCHOR's speaker.

    ANCHOR and the group are recordings of the store (an id or a stored path) or audio files, which
    are embedded on the fly. Without --group, the whole store is searched.

    Prints the candidates, the best first, with the cosine of the embeddings, the score they are
    ranked by, and the probability that it is this one, given that one of them is; then the match,
    and the probability that it is none of them. Scores go to the store's scores table.
    """
    from .. import api
    from .progress import Working

    if ray is not None and group_file is not None:
        raise UsageError("expected --group or --ray, got both: a group is scored on this machine")
    group = None if group_file is None else _read_group(group_file)
    with Working("searching"), searched(store_path, ray, ray_workers, ray_stop) as store:
        match = api.query(store, anchor, group, **options).to_dict()
    if as_json:
        print_json(match)
    else:
        _print_match(match)


def _read_group(group_file: str) -> list[str]:
    from ..rerank.trial_files import read_group

    return list(read_group(group_file))


def _print_match(match: Mapping[str, Any]) -> None:
    """Print the ranked candidates, then the match in one line."""
    candidates = match["candidates"]
    columns = ("rank", "path", "language", "noise", "cosine", "score", "probability")
    print_table(columns, ([c[name] for name in columns] for c in candidates))
    if "explanation" in candidates[0]:
        _print_explanations(candidates)
    note_warnings(match)
    for share in match.get("speakers", ())[:_SHARES]:
        click.echo(_share(share))
    click.echo(_verdict(match))


def _share(share: Mapping[str, Any]) -> str:
    """Say what the candidates of a speaker have together."""
    count = len(share["ranks"])
    recordings = "1 recording" if count == 1 else f"{count} recordings"
    return f"speaker {share['speaker']}: {percent(share['probability'])} over {recordings}"


def _verdict(match: Mapping[str, Any]) -> str:
    none = f"probability that it is none of them: {percent(match['none_probability'])}"
    best, chance = match["candidates"][0]["path"], percent(match["probability"])
    if match["match"] is None:
        return f"no match (best: {best}, probability {chance}); {none}"
    return f"{_claim(match)}: {best}  probability {chance}; {none}"


def _claim(match: Mapping[str, Any]) -> str:
    """Say of the best candidate no more than its probabilities allow."""
    if (match["none_probability"] or 0) > _EVEN:
        return "best candidate, but probably none is the match"
    own = (share["probability"] for share in match.get("speakers", ()) if 1 in share["ranks"])
    return "match" if max(match["probability"], *own, 0) >= _EVEN else "best candidate, not certain"


def _print_explanations(candidates: Sequence[Mapping[str, Any]]) -> None:
    """Print the first candidates in words, and the numbers behind the first one."""
    click.echo()
    for candidate in candidates[:_EXPLAINED]:
        click.echo(f"{candidate['rank']}. {candidate['path']}: {candidate['explanation']}")
    click.echo(f"\nwhat moved the score of {candidates[0]['path']}:")
    print_contributions(candidates[0])
    click.echo()
