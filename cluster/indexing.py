"""Index on a Ray cluster: blocks of recordings, read by actors that hold an encoder each."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ..indexer.embedding import Done
from ..indexer.extraction import Extractor
from ..indexer.stored import stored_heads
from ..indexer.tagging.base import Tagger
from ..store.schema import Recording
from .crew import RETRIES, Crew
from .index_worker import IndexWorker, Job, Means, build_index
from .session import joined
from .sharing import Share, in_blocks, shared
from .telling import failures_told

if TYPE_CHECKING:
    from ..store.store import Store


class OnRay:
    """The workers of a Ray cluster, which is joined when there is something to do.

    Parameters
    ----------
    address : see `session.joined`
    extractor, taggers : what the workers embed with and tag by, as this machine has them
    means : what they load these by
    workers : how many there are; by default one a GPU, else one for each four CPUs of a machine
    """

    def __init__(
        self,
        address: str,
        extractor: Extractor,
        taggers: Sequence[Tagger],
        means: Means,
        workers: int | None = None,
    ) -> None:
        self.identity, self.taggers = extractor.identity, taggers
        self._address, self._workers = address, workers
        self._options, self._means = extractor.options, means
        self._open = ExitStack()

    def __enter__(self) -> "OnRay":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def embed(self, store: "Store", recordings: Sequence[Recording]) -> Iterator[Done]:
        """Give blocks of recordings to the workers, and say of each what became of it."""
        if not recordings:
            return
        ray = self._open.enter_context(joined(self._address))
        share = self._share(ray)
        job = Job(str(store.place), self._means, self._options, share.threads)
        stored = ray.put(stored_heads(store.recordings))
        with hired(ray, job, share) as actors:
            yield from Crew(ray, actors, in_blocks(recordings, share.workers), stored).read()

    def refresh(self, store: "Store") -> None:
        """Build each stale index in a task of its own, and delete those of no rows."""
        stale = store.vectors.unbuilt_cells()
        if stale:
            ray = self._open.enter_context(joined(self._address))
            share = self._share(ray)
            task = ray.remote(build_index).options(num_cpus=share.cpus, max_retries=RETRIES)
            with failures_told():
                ray.get([task.remote(str(store.place), cell, share.threads) for cell in stale])
        store.vectors.refresh(())

    def _share(self, ray: Any) -> Share:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        on_gpu = self._means.device == "auto" or self._means.device.startswith("cuda")
        return shared(nodes, self._workers, on_gpu=on_gpu)


@contextmanager
def hired(ray: Any, job: Job, share: Share) -> Iterator[list[Any]]:
    """Start the actors of a run; they go at its end, whatever they are at."""
    worker = ray.remote(IndexWorker).options(
        num_cpus=share.cpus, num_gpus=share.gpus, max_restarts=-1, max_task_retries=RETRIES
    )
    actors = [worker.remote(job) for _ in range(share.workers)]
    try:
        yield actors
    finally:
        for actor in actors:
            ray.kill(actor)
