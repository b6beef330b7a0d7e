"""Answers that take a while, computed once and kept for a time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """The values of the keys asked for last, each computed once, however many ask at a time.

    Parameters
    ----------
    most : how many are kept
    forget : called with a value that is not kept any longer
    is_there : asked before a kept value is returned; one that is gone is computed again
    """

    def __init__(
        self,
        most: int,
        forget: Callable[[Value], object] = lambda _: None,
        is_there: Callable[[Value], bool] = lambda _: True,
    ) -> None:
        self._most = most
        self._forget = forget
        self._is_there = is_there
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Future[Value]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """Return the value of a key; whoever asks first computes it, the others wait for it.

        What `compute` raises goes to all who wait, and is not kept.
        """
        while True:
            future, is_first = self._claim(key)
            if is_first:
                self._compute(key, future, compute)
            value = future.result()
            if is_first or self._is_there(value):
                return value
            self._drop(key, future)

    def _compute(
        self, key: Hashable, future: "Future[Value]", compute: Callable[[], Value]
    ) -> None:
        try:
            future.set_result(compute())
        except BaseException as error:
            future.set_exception(error)
            self._drop(key, future)

    def _claim(self, key: Hashable) -> tuple[Future[Value], bool]:
        with self._lock:
            known = self._kept.get(key)
            future = self._kept[key] = Future() if known is None else known
            self._kept.move_to_end(key)
            gone = [self._kept.popitem(last=False)[1] for _ in range(len(self._kept) - self._most)]
        for old in gone:
            old.add_done_callback(self._forgotten)
        return future, known is None

    def _forgotten(self, old: "Future[Value]") -> None:
        if old.exception() is None:
            self._forget(old.result())

    def _drop(self, key: Hashable, future: "Future[Value]") -> None:
        with self._lock:
            if self._kept.get(key) is future:
                del self._kept[key]
