"""Stop a query that takes too long, or that nobody waits for any more."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

from ..errors import SqlError
from .schema import Seconds

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

_AGAIN_S = 0.02


def run_within(
    seconds: Seconds | None, connection: "duckdb.DuckDBPyConnection", work: Callable[[], T]
) -> T:
    """Return what `work` returns; interrupt the connection when time is up, or on Ctrl-C.

    The work is done in a thread of its own, as DuckDB itself hears of Ctrl-C only at the end. One
    interruption may come between two steps of a query and have no effect, hence many.

    Parameters
    ----------
    seconds : that it may take; None is any time

    Raises
    ------
    SqlError
        The time was up.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(work)
        try:
            return running.result(seconds)
        except TimeoutError:
            raise SqlError(
                f"the query was stopped after {seconds:g} s; ask for fewer rows or columns"
            ) from None
        finally:
            while not running.done():
                connection.interrupt()
                wait([running], _AGAIN_S)
