"""Waveforms of precisely equal length, gathered into batches for the encoder."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..store.schema import Seconds, Vector
from .audio import RATE_HZ

Owner = TypeVar("Owner")

HELD_S: Seconds = 1_800.0
HELD_BATCHES = 8


@dataclass(frozen=True, slots=True)
class Item(Generic[Owner]):
    """A waveform (samples,) that waits for its batch, its weight, and whose it is."""

    waveform: Vector
    seconds: Seconds
    owner: Owner


class Buckets(Generic[Owner]):
    """Waiting waveforms by length.

    A bucket leaves as a batch when it holds `batch_s` seconds; when more than `HELD_S` seconds (or
    `HELD_BATCHES` batches, if that is more) wait altogether, the one that holds most leaves. A
    waveform counts as one second at least. So memory is bounded, and a batch never mixes lengths.

    Parameters
    ----------
    batch_s : seconds of audio that make a batch
    """

    def __init__(self, batch_s: Seconds) -> None:
        self._batch_samples = batch_s * RATE_HZ
        self._held_samples = max(HELD_S, HELD_BATCHES * batch_s) * RATE_HZ
        self._by_length: defaultdict[int, list[Item[Owner]]] = defaultdict(list)
        self._waiting = 0

    def add(self, item: Item[Owner]) -> list[Item[Owner]]:
        """Put a waveform in, and return the batch that became due, maybe an empty one."""
        length = len(item.waveform)
        bucket = self._by_length[length]
        bucket.append(item)
        self._waiting += max(length, RATE_HZ)
        if length * len(bucket) >= self._batch_samples:
            return self._take(length)
        return self.fullest() if self._waiting > self._held_samples else []

    def fullest(self) -> list[Item[Owner]]:
        """Return the bucket that holds most seconds as a batch, an empty one if nothing waits."""
        if not self._by_length:
            return []
        return self._take(max(self._by_length, key=lambda n: n * len(self._by_length[n])))

    def _take(self, length: int) -> list[Item[Owner]]:
        batch = self._by_length.pop(length)
        self._waiting -= max(length, RATE_HZ) * len(batch)
        return batch
