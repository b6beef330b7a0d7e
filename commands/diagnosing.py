"""`spkret doctor`: what is installed and works."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ..analysis.wording import counted
from .base import Command, Failed, json_option, store_option
from .output import print_json

if TYPE_CHECKING:
    from ..analysis.doctor.lines import Diagnosis, Line

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


@click.command(
    "doctor",
    cls=Command,
    examples={
        "spkret doctor": "look at everything, the store in ./spkret-store too if it is there",
        "spkret doctor --store ./calls": "also whether this store opens and its encoder is here",
        "spkret doctor --json > doctor.json": "to send along with a question",
    },
    see_also=("check", "models", "docs/installing.md"),
    fails_if="something does not work",
)
@store_option
@click.option("--quick", is_flag=True, help="Leave out the self-test, which embeds a few examples.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, store_path: Path | str, quick: bool, as_json: bool) -> None:
    """Say what is installed and works, and how to mend what does not.

    Python, PyTorch and its GPUs, FAISS, the other packages and extras, formats of sound, encoders
    that are here, disk, open files, the store, and a self-test: one second of an example that ships
    with spkret must find its speaker. Each line is ok, a warning (worth knowing) or a problem.
    Nothing is changed.
    """
    from .. import api
    from .progress import Working

    named = ctx.get_parameter_source("store_path") is not ParameterSource.DEFAULT
    there = Path(store_path, "spkret.json").exists()
    with Working("looking"):
        diagnosis = api.doctor(store_path if named or there else None, quick=quick)
    if as_json:
        print_json({"ok": diagnosis.ok, "lines": diagnosis.lines})
    else:
        _show(diagnosis)
    if not diagnosis.ok:
        raise Failed(f"{counted(len(diagnosis.problems), 'problem')} found")


def _show(diagnosis: "Diagnosis") -> None:
    width = max(len(line.subject) for line in diagnosis.lines)
    for line in diagnosis.lines:
        _show_line(line, width)
    counts = Counter(line.state.value for line in diagnosis.lines)
    click.echo(
        f"\n{counts['ok']} ok, {counted(counts['warning'], 'warning')},"
        f" {counted(counts['problem'], 'problem')}"
    )


def _show_line(line: "Line", width: int) -> None:
    state = click.style(f"{line.state.value:<7}", fg=_COLOURS[line.state.value])
    click.echo(f"{state}  {line.subject:<{width}}  {line.message}")
    if line.advice:
        click.echo(f"{'':<7}  {'':<{width}}  → {line.advice}")
