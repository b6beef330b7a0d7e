"""How the machines of a cluster are shared out among workers, and recordings among blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import UsageError
from ..store.schema import Recording

CPUS_A_WORKER = 4
MOST_A_BLOCK, FEWEST_A_BLOCK = 1_000, 16
BLOCKS_A_WORKER = 8


@dataclass(frozen=True, slots=True)
class Share:
    """How many workers there are, and what each of them takes of a cluster."""

    workers: int
    cpus: float
    gpus: float
    threads: int


def shared(nodes: Sequence[Mapping[str, float]], workers: int | None, *, on_gpu: bool) -> Share:
    """Share the machines of a cluster out among workers.

    Parameters
    ----------
    nodes : what each machine has, as Ray names it: `CPU`, `GPU`
    workers : how many; by default one a GPU, else one for each `CPUS_A_WORKER` of a machine
    on_gpu : whether workers take GPUs where there are any

    Raises
    ------
    UsageError
        There are more workers than CPUs, or no CPUs.
    """
    cpus = [int(node.get("CPU", 0)) for node in nodes if node.get("CPU", 0) >= 1]
    gpus = sum(node.get("GPU", 0) for node in nodes) if on_gpu else 0
    if gpus:
        workers = workers or int(gpus)
        threads = max(1, sum(cpus) // workers)
        return Share(workers, 1, min(1, gpus / workers), threads)
    each = _cpus_each(cpus, workers)
    return Share(workers or sum(max(1, count // each) for count in cpus), each, 0, each)


def _cpus_each(cpus: Sequence[int], workers: int | None) -> int:
    """Return the most CPUs that each worker can have on machines with so many CPUs."""
    if not cpus or (workers or 0) > sum(cpus):
        raise UsageError(
            f"expected at most {sum(cpus)} workers, one for each CPU of the cluster, got {workers}"
        )
    if workers is None:
        return min(CPUS_A_WORKER, *cpus)
    return next(k for k in range(max(cpus), 0, -1) if sum(count // k for count in cpus) >= workers)


def in_blocks(recordings: Sequence[Recording], workers: int) -> Iterator[Sequence[Recording]]:
    """Cut recordings into blocks: several a worker, of no more than are lost by a death."""
    size = len(recordings) // (workers * BLOCKS_A_WORKER)
    size = max(FEWEST_A_BLOCK, min(size, MOST_A_BLOCK))
    return (recordings[start : start + size] for start in range(0, len(recordings), size))
