"""What a Ray worker does when it indexes: it reads blocks of recordings, and builds indexes."""

import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add

from ..indexer.embedding import Done, embed
from ..indexer.encoders import registry
from ..indexer.encoders.threads import LIMIT
from ..indexer.extraction import Extraction, Extractor
from ..indexer.stored import Contents, Heads
from ..indexer.tagging.base import Tagger
from ..indexer.tagging.registry import load_taggers
from ..store.recordings import Cell
from ..store.schema import Recording
from ..store.store import Store


@dataclass(frozen=True, slots=True)
class Means:
    """What workers load their encoder and their taggers by.

    Parameters
    ----------
    encoder, device : see `encoders.registry.load`; a path is one of any machine
    tags, language_model : see `tagging.registry.load_taggers`
    """

    encoder: str
    device: str = "auto"
    tags: tuple[str, ...] = ()
    language_model: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker is told once.

    Parameters
    ----------
    store : its folder or URL, as all machines know it
    means, options : what embeds, and how
    threads : that one worker may use
    """

    store: str
    means: Means
    options: Extraction
    threads: int


class IndexWorker:
    """An actor that holds one encoder; each block that it is given is committed when it returns.

    A block that is given again, because an actor died, gives the same rows again.
    """

    def __init__(self, job: Job) -> None:
        os.environ[LIMIT] = str(job.threads)
        self._job = job

    def start(self) -> None:
        """Load everything, as a block would.

        Raises
        ------
        EncoderMismatchError
            The encoder of this name is another one on this machine than the store is bound to.
        """
        self._store.require(self._extractor.identity)
        if self._extractor.encoder.on_gpu:
            self._extractor.encoder.warm_up()

    def read(self, block: bytes, stored: Heads) -> Done:
        """Read, embed and commit the recordings of a block, and say what became of them.

        Parameters
        ----------
        block : what `packed` wrote
        stored : heads of the contents that are embedded already; a machine has them once
        """
        claim = Contents(stored).claim
        parts = embed(
            unpacked(block), self._store.recordings, self._extractor, claim, self._taggers
        )
        return reduce(add, parts, Done())

    @cached_property
    def _store(self) -> Store:
        return Store.open(self._job.store)

    @cached_property
    def _extractor(self) -> Extractor:
        means = self._job.means
        return Extractor(registry.load(means.encoder, means.device), self._job.options)

    @cached_property
    def _taggers(self) -> Sequence[Tagger]:
        means, identity = self._job.means, self._extractor.identity
        return load_taggers(means.tags, identity, means.language_model, means.device)


def build_index(store: str, cell: Cell, threads: int) -> None:
    """Build or extend the index of one partition."""
    os.environ[LIMIT] = str(threads)
    Store.open(store).vectors.refresh([cell])


def packed(recordings: Sequence[Recording]) -> bytes:
    """Write recordings as bytes; what they share is written once."""
    return pickle.dumps([replace(one, extra=dict(one.extra)) for one in recordings])


def unpacked(block: bytes) -> list[Recording]:
    """Read what `packed` wrote."""
    recordings: list[Recording] = pickle.loads(block)  # noqa: S301  # from our own driver
    return recordings
