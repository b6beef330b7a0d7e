"""`spkret identify`: which known speaker is it, for one anchor or a list of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from .base import Command, Misused, device_option, json_option, model_option, store_option
from .output import note_warnings, percent, print_json, print_table
from .rows import check_rows_file, save_rows
from .values import complete_recording

_RANKED_IN_A_LINE = 3
_EVEN = 0.5


@click.command(
    "identify",
    cls=Command,
    examples={
        "spkret identify unknown.wav": "among all labelled speakers of the store",
        "spkret identify unknown.wav --enrol speakers.csv --open": "among these, or none of them",
        "spkret identify --anchors anchors.txt --enrol speakers.csv --out answers.csv": "a list",
    },
    see_also=("query", "verify", "docs/verification.md"),
)
@click.argument("anchor", required=False, shell_complete=complete_recording)
@store_option
@click.option(
    "--enrol",
    "enrolment",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Choose among the speakers of this CSV or TSV only: speaker and path, or NIST's modelid "
    "and segmentid, several lines a speaker.",
)
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Identify these instead: a path or id a line, or a CSV or TSV with path and speaker.",
)
@click.option("--open", "open_set", is_flag=True, help="It may be none of them.")
@click.option(
    "--top", type=click.IntRange(min=1), default=10, show_default=True, help="Speakers to show."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=check_rows_file,
    metavar="FILE",
    help="With --anchors, write a row an anchor into this .csv, .jsonl or .parquet.",
)
@model_option
@device_option
@json_option
def identify(
    anchor: str | None,
    store_path: Path | str,
    anchors: Path | None,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Say which known speaker ANCHOR is.

    Speakers are enrolled by all their recordings together: those of --enrol, else every labelled
    one of the store. Prints the likeliest speakers with their probabilities, and the probability
    that it is none of them.

    With --anchors, prints a line for each anchor with the first three (--json and --out have the
    --top) and, where their speakers are known, the share of right answers with its 95 % interval.
    """
    from .. import api
    from .progress import Working

    if (anchor is None) == (anchors is None):
        given = "none" if anchor is None else "both"
        raise Misused(f"expected either an anchor or --anchors FILE, got {given}")
    if anchors is not None:
        with Working("identifying") as bar:
            told = bar.part("anchors")
            many = api.identify_many(store_path, anchors, progress=told, **options).to_dict()
        _show_many(many, out, as_json)
        return
    if out is not None:
        raise Misused("expected --anchors FILE with --out, got one anchor")
    with Working("identifying"):
        result = api.identify(store_path, str(anchor), **options).to_dict()
    if as_json:
        print_json(result)
    else:
        _print_identification(result)


def _print_identification(result: Mapping[str, Any]) -> None:
    columns = ("rank", "speaker", "recordings", "cosine", "score", "probability")
    print_table(columns, ([s[name] for name in columns] for s in result["speakers"]))
    note_warnings(result)
    none = f"probability that it is none of them: {percent(result['none_probability'])}"
    if result["calibrated_on"]:
        none += f" (calibrated on {result['calibrated_on']} of these speakers)"
    click.echo(f"{_best(result)}; {none}")


def _best(result: Mapping[str, Any]) -> str:
    """Name the speaker as surely as the probabilities allow."""
    if not result["speaker"]:
        return "no speaker"
    named = f"{result['speaker']}  probability {percent(result['probability'])}"
    if (result["none_probability"] or 0) > _EVEN:
        return f"best speaker, but probably none of them: {named}"
    return f"{'best speaker, not certain' if result['probability'] < _EVEN else 'speaker'}: {named}"


def _show_many(result: Mapping[str, Any], out: Path | None, as_json: bool) -> None:
    if out is not None:
        _save(result["identifications"], out)
    if as_json:
        print_json(result)
        return
    note_warnings(result)
    columns = ("anchor", "speaker", "true_speaker", "none_probability")
    print_table(
        (*columns, "ranked"),
        ([a[name] for name in columns] + [_ranked(a)] for a in result["identifications"]),
    )
    _print_shares(result)


def _ranked(answer: Mapping[str, Any]) -> str:
    first = answer["speakers"][:_RANKED_IN_A_LINE]
    return ", ".join(f"{s['speaker']} {s['probability']:.3f}" for s in first)


def _print_shares(result: Mapping[str, Any]) -> None:
    click.echo(
        f"{result['anchors']} anchors, {result['skipped']} skipped; the speakers of"
        f" {result['known']} are known, {result['enrolled']} of them enrolled"
    )
    for name, title in (("accuracy", "right"), ("top5", "among the first five")):
        if result[name] is not None:
            low, high = (percent(bound) for bound in result[f"{name}_ci"])
            click.echo(f"{title}: {percent(result[name])} ({low} to {high})")


def _save(answers: list[Mapping[str, Any]], out: Path) -> None:
    """Write a row an anchor: the answer, and the ranked speakers with their probabilities."""
    import pyarrow as pa

    schema = pa.schema(
        {
            "anchor": pa.string(),
            "speaker": pa.string(),
            "true_speaker": pa.string(),
            "none_probability": pa.float64(),
            "speakers": pa.list_(pa.string()),
            "probabilities": pa.list_(pa.float64()),
        }
    )
    rows = [
        {name: answer[name] for name in schema.names[:4]}
        | {"speakers": [s["speaker"] for s in answer["speakers"]]}
        | {"probabilities": [s["probability"] for s in answer["speakers"]]}
        for answer in answers
    ]
    save_rows(pa.Table.from_pylist(rows, schema), out)
