"""Searching a store that is larger than one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .arguments import opened

if TYPE_CHECKING:
    from ..store.store import Store
    from .arguments import AnyStore


@contextmanager
def searching(
    store: "AnyStore", ray: str = "auto", *, workers: int | None = None, keep: bool = True
) -> "Iterator[Store]":
    """Have whole-store searches answered by workers on a Ray cluster, for the length of a `with`.

    Each worker holds the indexes of some partitions; what `query` finds in the store that the
    `with` is given is what it finds without. A group is scored here all the same.

    Parameters
    ----------
    ray : `auto` for the cluster that runs on this machine, `HOST:PORT` of its head, or `local` to
        start one here and stop it at the end
    workers : how many hold the partitions; by default those that are there, else one a CPU
    keep : leave the workers, with what they have in memory, to who comes next

    Raises
    ------
    OptionalDependencyError
        Ray is not installed.
    ClusterError
        No cluster answers at the address.
    UsageError
        `workers` is below 1.
    """
    from ..cluster.searching import searching as on_cluster

    with on_cluster(opened(store), ray, workers=workers, keep=keep) as searched:
        yield searched
