"""Blocks of recordings given to actors, each its next when it is done, and again where one died."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import ClusterError
from ..indexer.embedding import Done
from ..indexer.reasons import Reason
from ..store.schema import Failure, Recording
from .index_worker import packed
from .telling import failures_told

Block = Sequence[Recording]

RETRIES = 1
"""How often Ray itself gives a block again to an actor that died over it."""
MOST_CRASHES = 100


class Crew:
    """Actors that read a block at a time. One that they die over is halved to find the file.

    Plain actors, for Ray's datasets (2.60) give a block that kills its reader again for ever.

    Parameters
    ----------
    ray : the module
    actors : of `index_worker.IndexWorker`; the blocks go to those that have started
    blocks : of recordings
    stored : a reference to the heads of the contents that are embedded already
    """

    def __init__(
        self, ray: Any, actors: Sequence[Any], blocks: Iterator[Block], stored: Any
    ) -> None:
        self._ray = ray
        self._blocks = blocks
        self._stored = stored
        self._halves: list[Block] = []
        self._starting = {actor.start.remote(): actor for actor in actors}
        self._idle: list[Any] = []
        self._reading: dict[Any, tuple[Any, Block]] = {}
        self._crashes = 0

    def read(self) -> Iterator[Done]:
        """Have all blocks read, and say of each what became of it, in the order they end in.

        Raises
        ------
        ClusterError
            Actors die as they start, or over too many files.
        SpkretError
            What an actor raised.
        """
        with failures_told():
            while self._feed():
                ready, _ = self._ray.wait([*self._starting, *self._reading])
                for one in ready:
                    yield from self._ended(one)

    def _feed(self) -> bool:
        """Give blocks to the idle; return whether anything is to be waited for."""
        while self._idle:
            block = self._halves.pop() if self._halves else next(self._blocks, None)
            if block is None:
                return bool(self._reading)
            actor = self._idle.pop()
            self._reading[actor.read.remote(packed(block), self._stored)] = actor, block
        return True

    def _ended(self, one: Any) -> Iterator[Done]:
        if one in self._starting:
            self._ray.get(one)
            self._idle.append(self._starting.pop(one))
            return
        actor, block = self._reading.pop(one)
        self._idle.append(actor)
        errors = self._ray.exceptions
        try:
            yield self._ray.get(one)
        except (errors.RayActorError, errors.WorkerCrashedError, errors.OutOfMemoryError):
            yield from self._died_over(block)

    def _died_over(self, block: Block) -> Iterator[Done]:
        """Halve a block; one file that actors died over is a failure, and many are too many."""
        if len(block) > 1:
            middle = len(block) // 2
            self._halves += [block[:middle], block[middle:]]
            return
        self._crashes += 1
        if self._crashes > MOST_CRASHES:
            raise ClusterError(
                f"workers died over more than {MOST_CRASHES} files, the last {block[0].path};"
                " Ray's logs say why; what was committed stays, run it again"
            )
        root, path = block[0].root, block[0].path
        detail = f"the process that read it died, {RETRIES + 1} times"
        yield Done(1, failures=(Failure(root, path, Reason.CRASHED, detail),))
