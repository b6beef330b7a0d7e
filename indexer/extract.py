"""Recordings to embeddings: decode ahead, batch by length, embed, put files together again."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from ..errors import AudioError, SpkretError
from ..store.schema import Embedded, Failure, FileStamp, Recording
from .ahead import ahead
from .buckets import Buckets, Item
from .decode import NO_OPTIONS, Decoded, Known, Measured, Step, decode
from .encoders.base import Embeddings, Encoder, Waveforms
from .encoders.threads import usable_processors
from .extraction import Extraction
from .places import audio_file
from .reasons import Reason

MAX_WORKERS = 16
LOADS_AHEAD = 2
LOAD_OUTCOMES = 64


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A recording whose content is, or is about to be, embedded for another file."""

    recording: Recording
    stamp: FileStamp


Outcome = Embedded | Duplicate | Failure


class Assembly:
    """A file whose pieces are being embedded: the weighted mean of their unit vectors.

    The thread that reads files calls `expect` for each piece before it hands it on; all else is for
    the thread that embeds.
    """

    def __init__(self, recording: Recording, dimension: int) -> None:
        self.recording = recording
        self._end: Measured | None = None
        self._expected = self._added = 0
        self._sum = np.zeros(dimension)
        self._norms = 0.0
        self._weight = 0.0

    def expect(self, step: Decoded) -> None:
        """Take note of a piece that will be added, the last one if it says so."""
        self._expected += 1
        self._end = step.end

    def add(self, embedding: npt.NDArray[np.float32], weight: float) -> None:
        """Add the embedding (dimension,) of one piece; one that is not finite spoils the file."""
        norm = float(np.linalg.norm(embedding))
        self._sum += weight * embedding / norm if norm > 0 else np.nan
        self._norms += weight * norm
        self._weight += weight
        self._added += 1

    def outcome(self) -> Outcome | None:
        """Return the embedded file, or why it failed; None while pieces are missing."""
        if self._end is None or self._added < self._expected:
            return None
        norm = float(np.linalg.norm(self._sum))
        if not (np.isfinite(norm) and norm > 0):
            return self.failure(Reason.NO_EMBEDDING, "the encoder gave no vector")
        return Embedded(
            recording=self.recording,
            stamp=self._end.stamp,
            acoustics=self._end.acoustics,
            embedding=(self._sum / norm).astype(np.float32),
            embedding_norm=self._norms / self._weight,
        )

    def failure(self, reason: str, detail: str) -> Failure:
        """Return the failure of this file."""
        return Failure(self.recording.root, self.recording.path, reason, detail)


@dataclass(frozen=True, slots=True)
class Load:
    """A batch for the encoder, float32 (items, samples), and what needed no encoder meanwhile."""

    outcomes: list[Outcome]
    items: list[Item[Assembly]]
    waveforms: Waveforms | None


def extract(
    recordings: Iterable[Recording],
    encoder: Encoder,
    claim: Callable[[str], bool],
    workers: int | None = None,
    options: Extraction = NO_OPTIONS,
) -> Generator[Outcome, None, None]:
    """Embed recordings; each gives one outcome, in any order.

    Threads decode and stack batches ahead of the encoder (libsndfile and NumPy let others run
    meanwhile), and the encoder is given a batch before the one before it is taken back. What a file
    becomes does not depend on the others: batches hold equal lengths and the encoder pads nothing.

    Parameters
    ----------
    recordings : the files to embed
    encoder : the encoder
    claim : asked from the threads with a content's hash whether it is still to be embedded
    workers : decoding threads, by default one a core
    options : what is done to the audio before it is embedded
    """
    dimension = encoder.identity.dimension
    files = (Assembly(recording, dimension) for recording in recordings)
    steps = _decoded(files, claim, workers or decoders(), options)
    started: deque[tuple[list[Item[Assembly]], Callable[[], Embeddings]]] = deque()
    for load in ahead(_loads(steps, encoder), LOADS_AHEAD):
        yield from load.outcomes
        if load.waveforms is not None:
            started.append((load.items, encoder.start(load.waveforms)))
        if len(started) > 1:
            yield from _finish(*started.popleft())
    for items, embeddings in started:
        yield from _finish(items, embeddings)


def _loads(
    steps: Iterable[tuple[Assembly, Step | AudioError]], encoder: Encoder
) -> Generator[Load, None, None]:
    """Gather what was decoded into batches."""
    buckets: Buckets[Assembly] = Buckets(encoder.batch_s)
    outcomes: list[Outcome] = []
    for file, step in steps:
        batch: list[Item[Assembly]] = []
        match step:
            case Known(stamp):
                outcomes.append(Duplicate(file.recording, stamp))
            case AudioError():
                outcomes.append(file.failure(step.reason, step.detail))
            case Decoded(piece):
                file.expect(step)
                batch = buckets.add(Item(encoder.snap(piece.waveform), piece.seconds, file))
        if batch or len(outcomes) >= LOAD_OUTCOMES:
            yield _load(outcomes, batch)
            outcomes = []
    while batch := buckets.fullest():
        yield _load([], batch)
    yield _load(outcomes, [])


def _load(outcomes: list[Outcome], items: list[Item[Assembly]]) -> Load:
    return Load(outcomes, items, np.stack([one.waveform for one in items]) if items else None)


def _finish(items: list[Item[Assembly]], embeddings: Callable[[], Embeddings]) -> Iterator[Outcome]:
    """Wait for a batch, and return the files that it completed."""
    for item, embedding in zip(items, embeddings(), strict=True):
        item.owner.add(embedding, item.seconds)
    files = dict.fromkeys(item.owner for item in items)
    return (outcome for file in files if (outcome := file.outcome()) is not None)


def _decoded(
    files: Iterator[Assembly], claim: Callable[[str], bool], workers: int, options: Extraction
) -> Iterator[tuple[Assembly, Step | AudioError]]:
    """Run decoders in threads, a few files ahead; a long file goes piece by piece."""
    waiting: deque[tuple[Assembly, Iterator[Step], Future[Step | AudioError]]] = deque()
    pool = ThreadPoolExecutor(workers, "decode")
    try:
        while True:
            for file in islice(files, max(0, 4 * workers - len(waiting))):
                steps = _steps(file.recording, claim, options)
                waiting.append((file, steps, pool.submit(_advance, steps)))
            if not waiting:
                return
            file, steps, future = waiting.popleft()
            step = future.result()
            if isinstance(step, Decoded) and step.end is None:
                waiting.append((file, steps, pool.submit(_advance, steps)))
            yield file, step
    finally:
        pool.shutdown(cancel_futures=True)


def _steps(
    recording: Recording, claim: Callable[[str], bool], options: Extraction
) -> Iterator[Step]:
    """Decode a file; one at a URL is there for as long as that takes."""
    with audio_file(recording.root, recording.path) as path:
        yield from decode(path, claim, options)


def _advance(steps: Iterator[Step]) -> Step | AudioError:
    try:
        return next(steps)
    except AudioError as error:
        return error
    except SpkretError:
        raise
    except OSError as error:
        return AudioError(Reason.UNREADABLE, error.strerror or str(error))
    except Exception as error:  # of a decoder: one file must not end the run
        return AudioError(Reason.CORRUPT, f"{type(error).__name__}: {error}".rstrip(": "))


def decoders() -> int:
    """Return how many threads should decode: one a processor, up to `MAX_WORKERS`."""
    return min(usable_processors(), MAX_WORKERS)
