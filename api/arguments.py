"""What callers may give, turned into what the rooms below take."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ..store.urls import is_url

if TYPE_CHECKING:
    from typing import TypeAlias

    from ..rerank.enrolment_files import Spoken
    from ..rerank.trials import Pair, Trial
    from ..store.schema import EncoderIdentity
    from ..store.store import Store

    AnyStore: TypeAlias = Store | str | PathLike[str]
    Trials: TypeAlias = Sequence[Trial] | str | PathLike[str]
    Pairs: TypeAlias = Sequence[Pair] | str | PathLike[str]
    Enrolment: TypeAlias = Sequence[Spoken] | str | PathLike[str]

Reference = str | int | Path


def opened(store: "AnyStore") -> "Store":
    """Return the store itself, opened if it is given as a path."""
    from ..store.store import Store

    return store if isinstance(store, Store) else Store.open(place_of(store))


def bound_encoder(store: "AnyStore") -> "EncoderIdentity | None":
    """Return the encoder that a store is bound to, None if it is still to be made."""
    from ..errors import StoreNotFoundError

    try:
        return opened(store).encoder
    except StoreNotFoundError:
        return None


def place_of(store: "AnyStore") -> Path | str:
    """Return where a store is: its folder, or its URL."""
    if isinstance(store, str):
        return store if is_url(store) else Path(store)
    return Path(store) if isinstance(store, PathLike) else store.place


def path_of(store: "AnyStore") -> Path:
    """Return the folder of a store's files; of one at a URL, its working copy on this machine."""
    from ..store.location import located

    return located(place_of(store))[0]


def trials_of(trials: "Trials") -> "Sequence[Trial]":
    """Read trials if they are given as a file."""
    from ..rerank.trial_files import read_trials

    return read_trials(Path(trials)) if isinstance(trials, str | PathLike) else trials


def pairs_of(pairs: "Pairs", enrolment: "Enrolment | None" = None) -> "Sequence[Pair]":
    """Read pairs if they are given as a file, its models being those of an enrolment, if given.

    Raises
    ------
    UsageError
        An enrolment is given with pairs that are read already.
    """
    from ..errors import UsageError
    from ..rerank.trials import read_pairs

    if isinstance(pairs, str | PathLike):
        return read_pairs(Path(pairs), enrolment_of(enrolment))
    if enrolment is not None:
        raise UsageError("expected a file of pairs with an enrolment, got pairs")
    return pairs


def enrolment_of(enrolment: "Enrolment | None") -> "Sequence[Spoken] | None":
    """Read an enrolment if it is given as a file."""
    from ..rerank.enrolment_files import read_enrolment

    if isinstance(enrolment, str | PathLike):
        return read_enrolment(Path(enrolment))
    return enrolment
