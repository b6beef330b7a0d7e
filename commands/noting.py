"""`spkret log`: who did what with a store, and when."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..analysis.wording import counted
from .base import Command, Failed, json_option, store_option
from .output import note, print_json, print_table

if TYPE_CHECKING:
    from ..store.provenance import LogReport

_COLUMNS = ("number", "at", "user", "host", "command", "version", "rows", "outcome")


@click.command(
    "log",
    cls=Command,
    examples={
        "spkret log --on": "from now on",
        "spkret log": "what was done, and whether the log is as it was written",
        "spkret log --json": "with the hashes; keep the last one elsewhere",
    },
    see_also=("forget", "check", "docs/store-format.md"),
    fails_if="the log was changed",
)
@store_option
@click.option("--on/--off", "on", default=None, help="Note what is done with this store, or stop.")
@click.option("--show", is_flag=True, help="Print the entries as well when switching.")
@json_option
def log(store_path: Path | str, on: bool | None, show: bool, as_json: bool) -> None:
    """Show who did what with a store and when, or switch that log on or off.

    An entry has the account and the host, the time, the command, the version of the recordings and
    how many of them it was about. It never names recordings, speakers or queries, so that nothing
    in it has to be erased with a voice. Each entry carries the hash of the one before it. The log
    is off until it is switched on.
    """
    from .. import api

    report = api.log(store_path, on)
    if as_json:
        print_json(asdict(report))
    else:
        if on is None or show:
            _print_entries(report)
        entries = counted(len(report.entries), "entry", "entries")
        note(f"the log is {'on' if report.on else 'off'}: {entries}")
    for problem in report.problems:
        note(problem)
    if report.problems:
        raise Failed(f"{counted(len(report.problems), 'problem')} in the log of {store_path}")


def _print_entries(report: "LogReport") -> None:
    rows = [[getattr(entry, name) for name in _COLUMNS] for entry in report.entries]
    if rows:
        print_table(_COLUMNS, rows)
