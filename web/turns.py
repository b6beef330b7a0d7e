"""So many at a time: what takes long leaves threads free for what does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

from starlette.exceptions import HTTPException

from ..store.schema import Seconds

_PATIENCE_S: Seconds = 10.0
_AGAIN_S = "5"


class Turns:
    """Let a few work, a few more wait a moment for their turn, and send the others away.

    Parameters
    ----------
    at_once : how many may work
    waiting : how many may wait
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._inside = Semaphore(at_once + waiting)
        self._working = Semaphore(at_once)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Work while this is open.

        Raises
        ------
        HTTPException
            503: too many are there already, or none of them ended in time.
        """
        with _held(self._inside, 0.0), _held(self._working, _PATIENCE_S):
            yield


@contextmanager
def _held(semaphore: Semaphore, patience_s: Seconds) -> Iterator[None]:
    if not semaphore.acquire(timeout=patience_s):
        raise HTTPException(
            503, "the server is busy with requests like this; try again", {"Retry-After": _AGAIN_S}
        )
    try:
        yield
    finally:
        semaphore.release()
