"""Processes of their own for SQL of users: they end when time is up, whatever they do.

DuckDB can neither interrupt one call of a function, of long texts say, nor bound what it takes.
"""

import multiprocessing
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import SpkretError, SqlError
from ..store.location import Place
from ..store.schema import Seconds
from .turns import Turns

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

T = TypeVar("T")

MEMORY_BYTES = 2 << 30
_AT_ONCE, _WAITING = 2, 8
# Where pandas is installed, pyarrow imports it with its first array.
_NEEDED = ["duckdb", "deltalake", "pyarrow", "pandas", "spkret.web.tables", "spkret.web.where"]
_PAGE_BYTES = resource.getpagesize()
_CONTEXT = multiprocessing.get_context("forkserver")
_TOO_MUCH = "the query needs too much memory; ask for fewer rows or columns"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Runs functions in processes of their own, a few at a time.

    Parameters
    ----------
    store : the folder of the store, or its URL, which every function is given first
    """

    store: Place
    _turns: Turns = field(default_factory=lambda: Turns(_AT_ONCE, _WAITING))
    _running: "set[ForkServerProcess]" = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _is_closed: Event = field(default_factory=Event)

    def start(self) -> None:
        """Load what the processes need, once for all of them."""
        _CONTEXT.set_forkserver_preload(_NEEDED)
        self.run(str, seconds=60.0)

    def run(self, work: Callable[..., T], *given: object, seconds: Seconds) -> T:
        """Return what `work(store, *given)` returns; both must be picklable.

        Raises
        ------
        SqlError
            It took too long, or too much memory.
        SpkretError
            As `work` raised it.
        HTTPException
            503: too many run already.
        """
        with self._turns.taken():
            receiver, process = self._started(work, (self.store, *given))
            try:
                outcome = _received(receiver, seconds)
            finally:
                self._end(process)
                receiver.close()
        if isinstance(outcome, SpkretError):
            raise outcome
        result: T = outcome
        return result

    def close(self) -> None:
        """End what runs, and start nothing any more."""
        with self._lock:
            self._is_closed.set()
            for process in self._running:
                process.kill()

    def _started(
        self, work: Callable[..., object], given: tuple[object, ...]
    ) -> "tuple[Connection, ForkServerProcess]":
        receiver, sender = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=_run, args=(sender, work, given), daemon=True)
        # Starting one looks at all others, which must not be closed meanwhile.
        with self._lock, sender:
            if self._is_closed.is_set():
                raise SqlError("the server is about to end")
            process.start()
            self._running.add(process)
        return receiver, process

    def _end(self, process: "ForkServerProcess") -> None:
        with self._lock:
            self._running.remove(process)
            process.kill()
            process.join()
            process.close()


def _received(receiver: Connection, seconds: Seconds) -> Any:
    try:
        if receiver.poll(seconds):
            return receiver.recv()
    except EOFError:
        raise SqlError(_TOO_MUCH) from None
    raise SqlError(f"the query was stopped after {seconds:g} s; ask for fewer rows or columns")


def _run(sender: Connection, work: Callable[..., object], given: tuple[object, ...]) -> None:
    """Work in the process: within bounds, and deaf to Ctrl-C, which is the server's to hear."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    most = _mapped_bytes() + MEMORY_BYTES * 3 // 2
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        outcome = work(*given)
    except SpkretError as error:
        outcome = error
    except MemoryError:
        outcome = SqlError(_TOO_MUCH)
    sender.send(outcome)


def _mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE_BYTES
