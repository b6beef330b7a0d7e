"""`spkret audit`: what is wrong with labels, copies and columns, before the store is trusted."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..analysis.wording import counted
from .base import Command, Failed, json_option, store_option
from .output import print_json

if TYPE_CHECKING:
    from ..analysis.findings import AuditReport, Finding

_SHOWN_PATHS = 3
_WIDTH = 100


@click.command(
    "audit",
    cls=Command,
    examples={
        "spkret audit": "the store in ./spkret-store",
        "spkret audit train.jsonl test.jsonl": "also whether two lists of trials share speakers",
        "spkret audit --json --strict > findings.json": "in a script: status 1 if it is serious",
    },
    see_also=("info", "check", "docs/auditing.md"),
    fails_if="something serious is found (--strict)",
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
    trials: tuple[Path, ...], store_path: Path | str, strict: bool, most: int, as_json: bool
) -> None:
    """Find copies, wrong labels, leaks between lists, and missing tags.

    Looks for the same audio stored twice, recordings that sound like another speaker than their
    label says, speakers and recordings that several lists of TRIALS share, columns that tell
    speakers apart without any voice, and languages or noise conditions with few speakers.

    A finding is serious where it makes figures or matches wrong, a warning where it may, else a
    note; each kind ends with what to do about it. Nothing is changed.
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
        raise Failed(f"{counted(len(report.serious), 'serious finding')} in {store_path}")


def _show(report: "AuditReport", most: int) -> None:
    counts = Counter(finding.severity.value for finding in report.findings)
    click.echo(
        f"{counted(report.recordings, 'recording')} of"
        f" {counted(report.speakers, 'labelled speaker')}:"
        f" {counted(counts['serious'], 'serious finding')},"
        f" {counted(counts['warning'], 'warning')}, {counted(counts['note'], 'note')}"
    )
    kinds = dict.fromkeys((each.severity, each.kind) for each in report.findings)
    for severity, kind in kinds:
        alike = [f for f in report.findings if (f.severity, f.kind) == (severity, kind)]
        _show_kind(f"{severity.value}: {kind.value.replace('_', ' ')}", alike, most)


def _show_kind(title: str, findings: Sequence["Finding"], most: int) -> None:
    click.echo(f"\n{title} ({len(findings):,})")
    for finding in findings[:most]:
        _show_finding(finding)
    if len(findings) > most:
        more, all_of_them = len(findings) - most, len(findings)
        click.echo(f"  and {more:,} more: --most {all_of_them} or --json shows them")
    for advice in dict.fromkeys(finding.advice for finding in findings):
        click.echo(click.wrap_text(advice, _WIDTH, "→ ", "  "))


def _show_finding(finding: "Finding") -> None:
    """Print what was found, then a line a recording; one that is named already is left out."""
    click.echo(click.wrap_text(finding.summary, _WIDTH, "  ", "    "))
    paths = [path for path in finding.paths if path not in finding.summary]
    for path in paths[:_SHOWN_PATHS]:
        click.echo(f"    {path}")
    if len(paths) > _SHOWN_PATHS:
        click.echo(f"    and {len(paths) - _SHOWN_PATHS:,} more")
