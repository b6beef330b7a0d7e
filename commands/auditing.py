"""`spkret audit`: what is wrong with labels, copies and columns, before the store is trusted."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import Command, Failed, json_option, store_option
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..analysis.findings import AuditReport, Finding

_SHOWN_PATHS = 3


@click.command(
    "audit",
    cls=Command,
    examples=[
        "spkret audit",
        "spkret audit train.jsonl test.jsonl",
        "spkret audit --json --strict > findings.json",
    ],
)
@click.argument("trials", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@store_option
@click.option("--strict", is_flag=True, help="Exit with status 1 if anything serious is found.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Findings of a kind to print; --json has all.",
)
@json_option
def audit(
    trials: tuple[Path, ...], store_path: Path, strict: bool, most: int, as_json: bool
) -> None:
    """Find copies, wrong labels, leaks between TRIALS, and what tells speakers apart but a voice.

    Also cells with few speakers, speakers with one recording, and missing tags. Nothing is changed.
    """
    from .. import api
    from .progress import Working

    with Working("comparing recordings"):
        report = api.audit(store_path, trials)
    if as_json:
        print_json(report)
    else:
        _show(report, most)
    if strict and report.serious:
        raise Failed(f"{len(report.serious)} serious findings in {store_path}")


def _show(report: "AuditReport", most: int) -> None:
    counts = Counter(finding.severity.value for finding in report.findings)
    click.echo(
        f"{report.recordings} recordings of {report.speakers} labelled speakers:"
        f" {counts['serious']} serious findings, {counts['warning']} warnings,"
        f" {counts['note']} notes"
    )
    kinds = dict.fromkeys((each.severity, each.kind) for each in report.findings)
    for severity, kind in kinds:
        alike = [f for f in report.findings if (f.severity, f.kind) == (severity, kind)]
        _show_kind(f"{severity.value}: {kind.value.replace('_', ' ')}", alike, most)


def _show_kind(title: str, findings: Sequence["Finding"], most: int) -> None:
    click.echo()
    print_table((title, "recordings"), [(f.summary, _paths(f.paths)) for f in findings[:most]])
    if len(findings) > most:
        click.echo(f"and {len(findings) - most} more: --most {len(findings)} or --json shows them")
    for advice in dict.fromkeys(finding.advice for finding in findings):
        click.echo(f"→ {advice}")


def _paths(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN_PATHS} more" if len(paths) > _SHOWN_PATHS else ""
    return ", ".join(paths[:_SHOWN_PATHS]) + more or "-"
