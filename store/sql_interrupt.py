"""Stop a query that nobody waits for any more."""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from .schema import Seconds

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

_AGAIN_S: Seconds = 0.02
_PATIENCE_S: Seconds = 1.0


def run_interruptibly(connection: "duckdb.DuckDBPyConnection", work: Callable[[], T]) -> T:
    """Return what `work` returns; Ctrl-C interrupts the connection.

    The work is done in a thread of its own, as DuckDB itself hears of Ctrl-C only at the end. One
    call of a function, of a long text say, cannot be interrupted: such a thread is left behind, and
    ends with the process.
    """
    outcome: Future[T] = Future()
    Thread(target=_work, args=(work, outcome), daemon=True).start()
    try:
        return outcome.result()
    finally:
        _interrupt(connection, outcome)


def _work(work: Callable[[], T], outcome: "Future[T]") -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)


def _interrupt(connection: "duckdb.DuckDBPyConnection", outcome: "Future[T]") -> None:
    """Interrupt many times: once may come between two steps of a query and have no effect."""
    until = time.monotonic() + _PATIENCE_S
    while not outcome.done() and time.monotonic() < until:
        connection.interrupt()
        wait([outcome], _AGAIN_S)
