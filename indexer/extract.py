"""Recordings to embeddings: decode ahead, batch by length, embed, put files together again."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import AudioError
from ..store.schema import Embedded, Failure, FileStamp, Recording
from .buckets import Buckets, Item
from .decode import Known, Measured, Step, Window, decode
from .encoders.base import Encoder
from .reasons import Reason

MAX_WORKERS = 16


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A recording whose content is, or is about to be, embedded for another file."""

    recording: Recording
    stamp: FileStamp


Outcome = Embedded | Duplicate | Failure


class Assembly:
    """A file whose windows are being embedded: the weighted mean of their unit vectors."""

    def __init__(self, recording: Recording, dimension: int) -> None:
        self.recording = recording
        self.waiting = 0
        self.end: Measured | None = None
        self._sum = np.zeros(dimension)
        self._norms = 0.0
        self._weight = 0.0

    def add(self, embedding: npt.NDArray[np.float32], weight: float) -> None:
        """Add the embedding (dimension,) of one window; one that is not finite spoils the file."""
        norm = float(np.linalg.norm(embedding))
        self._sum += weight * embedding / norm if norm > 0 else np.nan
        self._norms += weight * norm
        self._weight += weight
        self.waiting -= 1

    def outcome(self) -> Outcome | None:
        """Return the embedded file, or why it failed; None while windows are missing."""
        if self.end is None or self.waiting:
            return None
        norm = float(np.linalg.norm(self._sum))
        if not (np.isfinite(norm) and norm > 0):
            return self.failure(Reason.NO_EMBEDDING, "the encoder gave no vector")
        return Embedded(
            recording=self.recording,
            stamp=self.end.stamp,
            acoustics=self.end.acoustics,
            embedding=(self._sum / norm).astype(np.float32),
            embedding_norm=self._norms / self._weight,
        )

    def failure(self, reason: str, detail: str) -> Failure:
        """Return the failure of this file."""
        return Failure(self.recording.root, self.recording.path, reason, detail)


def extract(
    recordings: Iterable[Recording],
    encoder: Encoder,
    claim: Callable[[str], bool],
    workers: int | None = None,
) -> Iterator[Outcome]:
    """Embed recordings; each gives one outcome, in any order.

    Threads decode ahead of the encoder (libsndfile and NumPy let others run meanwhile). What a file
    becomes does not depend on the others: batches hold equal lengths and the encoder pads nothing.

    Parameters
    ----------
    recordings : the files to embed
    encoder : the encoder
    claim : asked from the threads with a content's hash whether it is still to be embedded
    workers : decoding threads, by default one a core
    """
    buckets: Buckets[Assembly] = Buckets()
    files = (Assembly(recording, encoder.identity.dimension) for recording in recordings)
    for file, step in _decoded(files, claim, workers or _cores()):
        match step:
            case Known(stamp):
                yield Duplicate(file.recording, stamp)
            case AudioError():
                yield file.failure(step.reason, step.detail)
            case Measured():
                file.end = step
                yield from _finished([file])
            case Window(waveform):
                file.waiting += 1
                item = Item(encoder.snap(waveform), step.seconds, file)
                yield from _embed(encoder, buckets.add(item))
    while batch := buckets.fullest():
        yield from _embed(encoder, batch)


def _embed(encoder: Encoder, batch: list[Item[Assembly]]) -> Iterator[Outcome]:
    """Embed a batch of equal length and return the files that it completed."""
    if not batch:
        return
    embeddings = encoder.encode_equal(np.stack([item.waveform for item in batch]))
    for item, embedding in zip(batch, embeddings, strict=True):
        item.owner.add(embedding, item.seconds)
    yield from _finished(dict.fromkeys(item.owner for item in batch))


def _finished(files: Iterable[Assembly]) -> Iterator[Outcome]:
    return (outcome for file in files if (outcome := file.outcome()) is not None)


def _decoded(
    files: Iterator[Assembly], claim: Callable[[str], bool], workers: int
) -> Iterator[tuple[Assembly, Step | AudioError]]:
    """Run decoders in threads, a few files ahead; a long file goes window by window."""
    waiting: deque[tuple[Assembly, Iterator[Step], Future[Step | AudioError | None]]] = deque()
    pool = ThreadPoolExecutor(workers, "decode")
    try:
        while True:
            for file in islice(files, max(0, 4 * workers - len(waiting))):
                steps = decode(Path(file.recording.root, file.recording.path), claim)
                waiting.append((file, steps, pool.submit(_advance, steps)))
            if not waiting:
                return
            file, steps, future = waiting.popleft()
            step = future.result()
            if isinstance(step, Window):
                waiting.append((file, steps, pool.submit(_advance, steps)))
            if step is not None:
                yield file, step
    finally:
        pool.shutdown(cancel_futures=True)


def _advance(steps: Iterator[Step]) -> Step | AudioError | None:
    try:
        return next(steps, None)
    except AudioError as error:
        return error


def _cores() -> int:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(count or 1, MAX_WORKERS)
