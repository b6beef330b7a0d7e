"""What is done with a store is noted in its log, where that is switched on."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .arguments import bound_encoder, opened, path_of, place_of

if TYPE_CHECKING:
    from ..store.provenance import LogReport
    from .arguments import AnyStore

P = ParamSpec("P")
R = TypeVar("R")


def noted(command: str, rows: Callable[[Any], int]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function that has an argument `store` note its calls in the store's log.

    Parameters
    ----------
    command : how the log names it
    rows : counts the recordings that a result is about
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            from ..store import provenance

            store: Any = signature.bind(*args, **kwargs).arguments["store"]
            log = provenance.StoreLog(path_of(store))
            result: R = provenance.noted(
                log, command, lambda: _version(store), rows, lambda: function(*args, **kwargs)
            )
            return result

        return run

    return decorate


def log(store: "AnyStore", on: bool | None = None) -> "LogReport":
    """Switch the log of a store on or off, if asked to, and read it.

    Entries hold who (user and host), when, which command, the version of the recordings and how
    many of them it was about; never whose.

    Raises
    ------
    StoreError
        It cannot be written, or the store is at a URL: objects cannot be appended to.
    """
    from ..errors import StoreError
    from ..store.provenance import StoreLog

    place = place_of(store)
    if isinstance(place, str):
        raise StoreError(
            f"expected a store in a folder for a log of its use, got {place}; switch on the access"
            " log of the bucket instead"
        )
    kept = StoreLog(opened(store).path)
    if on is not None:
        kept.switch(on, _version(store))
    return kept.report()


def _version(store: "AnyStore") -> int | None:
    return None if bound_encoder(store) is None else opened(store).recordings.version()
