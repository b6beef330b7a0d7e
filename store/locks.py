"""Locks between processes, so that maintenance never meets a writer."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_MAINTENANCE = "maintenance"


class Locks:
    """Lock files in a folder; the operating system frees them when their process dies.

    Not reentrant: what runs inside a lock must not take it again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold off maintenance, together with any number of other writers."""
        with self._hold(_MAINTENANCE, fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Hold off maintenance and all other writers of `name`."""
        with self.writing(), self._hold(name, fcntl.LOCK_EX):
            yield

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Hold off other processes that mirror the files of a URL; not those that write."""
        with self._hold("copy", fcntl.LOCK_EX):
            yield

    @contextmanager
    def idle(self, name: str) -> Iterator[bool]:
        """Hold off maintenance and writers of `name`, or tell that there is one: never wait."""
        with ExitStack() as held:
            try:
                held.enter_context(self._hold(_MAINTENANCE, fcntl.LOCK_SH | fcntl.LOCK_NB))
                held.enter_context(self._hold(name, fcntl.LOCK_EX | fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def maintaining(self) -> Iterator[None]:
        """Hold off every writer."""
        with self._hold(_MAINTENANCE, fcntl.LOCK_EX):
            yield

    @contextmanager
    def _hold(self, name: str, mode: int) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.lock").open("a") as file:
            fcntl.flock(file, mode)
            yield
