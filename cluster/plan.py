"""Which worker has which partitions of a store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ..store.reading import Snapshot
from ..store.recordings import Cell


@dataclass(frozen=True, slots=True)
class Plan:
    """Who has what, as of one version of the table.

    Parameters
    ----------
    version : of the table
    state : digest of its files, by which a worker tells what it holds
    files : of each partition, the names of its Parquet files
    worker_of : of each partition, the number of its worker
    """

    version: int
    state: str
    files: Mapping[Cell, tuple[str, ...]]
    worker_of: Mapping[Cell, int]

    @classmethod
    def of(cls, snapshot: Snapshot, held: Sequence[Collection[Cell]]) -> "Plan":
        """Share the partitions of a version among workers that have some in memory."""
        sizes = dict.fromkeys(snapshot.cells(), 0)
        for file in snapshot.files:
            sizes[file.cell] += file.size_bytes
        return cls(snapshot.version, snapshot.digest(), snapshot.cells(), assign(sizes, held))

    def cells(self, language: str | None, noise: str | None) -> list[Cell]:
        """List the partitions of a language and a noise condition; None is any."""
        return [
            cell for cell in self.files if language in (None, cell[0]) and noise in (None, cell[1])
        ]

    def part(self, worker: int) -> dict[Cell, tuple[str, ...]]:
        """The partitions of a worker, and their files."""
        return {cell: self.files[cell] for cell, one in self.worker_of.items() if one == worker}

    def shared(self, cells: Sequence[Cell]) -> dict[int, list[Cell]]:
        """Map the workers that have some of these partitions to those."""
        parts: dict[int, list[Cell]] = {}
        for cell in cells:
            parts.setdefault(self.worker_of[cell], []).append(cell)
        return parts


def assign(sizes: Mapping[Cell, int], held: Sequence[Collection[Cell]]) -> dict[Cell, int]:
    """Share partitions among workers so that their bytes are even.

    What a worker has already stays with it. The others go, the largest first, to the worker that
    has the fewest bytes (Graham 1969: the fullest then has at most 4/3 of what it must).

    Parameters
    ----------
    sizes : bytes of each partition
    held : for each worker, the partitions that it has in memory

    Returns
    -------
    The number of the worker for each partition
    """
    worker_of = {
        cell: worker
        for worker, cells in reversed(list(enumerate(held)))
        for cell in cells
        if cell in sizes
    }
    loads = [0] * len(held)
    for cell, worker in worker_of.items():
        loads[worker] += sizes[cell]
    for cell in sorted(sizes.keys() - worker_of.keys(), key=lambda cell: (-sizes[cell], cell)):
        lightest = loads.index(min(loads))
        worker_of[cell] = lightest
        loads[lightest] += sizes[cell]
    return worker_of
