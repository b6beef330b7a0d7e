"""Options of commands that can work on a Ray cluster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import UsageError
from . import without_pandas

if TYPE_CHECKING:
    from ..api.arguments import AnyStore

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


def search_options(function: F) -> F:
    """Add `--ray`, `--ray-workers` and `--ray-stop`: where the whole store is searched."""
    options = (
        ray_option("Search the whole store on the workers of a Ray cluster"),
        click.option(
            "--ray-workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="How many workers share the partitions; by default those that are there, else one"
            " a CPU of the cluster.",
        ),
        click.option(
            "--ray-stop",
            is_flag=True,
            help="Stop the workers afterwards; else they stay, ready for the next query.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@contextmanager
def searched(
    store: Path | str, ray: str | None, ray_workers: int | None, ray_stop: bool
) -> "Iterator[AnyStore]":
    """Have a store searched on a cluster if one is named, else here.

    Raises
    ------
    UsageError
        Workers are asked for, and no cluster is named.
    """
    from .. import api

    if ray is not None:
        with api.searching(store, ray, workers=ray_workers, keep=not ray_stop) as opened:
            yield opened
        return
    if ray_workers is not None or ray_stop:
        raise UsageError("expected --ray ADDRESS with --ray-workers and --ray-stop, got none")
    yield store


def _with_pandas(_ctx: click.Context, _param: click.Parameter, address: str | None) -> str | None:
    if address is not None:
        without_pandas.show()
    return address
