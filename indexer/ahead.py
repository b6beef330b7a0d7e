"""An iterator that works in its own thread while its consumer does something else."""

from collections.abc import Generator, Iterator
from contextlib import closing
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

T = TypeVar("T")


class _End:
    """The last thing in the queue: the error that ended the iterator, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Generator[T, None, None], most: int) -> Iterator[T]:
    """Yield the items of a generator that runs in a thread, at most `most` items ahead.

    An error of the generator is raised here, after the items before it. When the consumer stops
    early, the generator is closed in its thread, once the step it is at is done.
    """
    ready: SimpleQueue[T | _End] = SimpleQueue()
    room, stopped = Semaphore(most), Event()

    def work() -> None:
        error: BaseException | None = None
        try:
            with closing(items):
                for item in items:
                    room.acquire()
                    if stopped.is_set():
                        return
                    ready.put(item)
        except BaseException as caught:
            error = caught
        ready.put(_End(error))

    thread = Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        room.release()
        thread.join()
