"""Stop a query that takes too long."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from ..errors import SqlError
from .schema import Seconds

if TYPE_CHECKING:
    import duckdb

_AGAIN_S = 0.02


@contextmanager
def deadline(connection: "duckdb.DuckDBPyConnection", seconds: Seconds | None) -> Iterator[None]:
    """Interrupt what the connection runs inside this block once the time is up.

    Raises
    ------
    SqlError
        The time was up before the block ended; whatever else it raised then is left out.
    """
    if seconds is None:
        yield
        return
    done, late = Event(), Event()
    watch = Thread(target=_interrupt, args=(connection, seconds, done, late), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
        if late.is_set():
            raise SqlError(
                f"the query was stopped after {seconds:g} s; ask for fewer rows or columns"
            ) from None


def _interrupt(
    connection: "duckdb.DuckDBPyConnection", seconds: Seconds, done: Event, late: Event
) -> None:
    """Interrupt again and again: one that comes between two steps of a query has no effect."""
    if done.wait(seconds):
        return
    late.set()
    while not done.wait(_AGAIN_S):
        connection.interrupt()
