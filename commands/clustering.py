"""Options of commands that can work on a Ray cluster."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from . import without_pandas

F = TypeVar("F", bound=Callable[..., Any])


def ray_option(purpose: str) -> Callable[[F], F]:
    """Add `--ray`: the address of a cluster; `purpose` begins its help."""
    return click.option(
        "--ray",
        metavar="ADDRESS",
        callback=_with_pandas,
        help=f"{purpose}: auto (the one that runs on this machine), HOST:PORT of its head, or local"
        " (started here for this command).",
    )


def _with_pandas(_ctx: click.Context, _param: click.Parameter, address: str | None) -> str | None:
    if address is not None:
        without_pandas.show()
    return address
