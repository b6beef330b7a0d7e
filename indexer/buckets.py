"""Waveforms of precisely equal length, gathered into batches for the encoder."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..store.schema import Seconds, Vector
from .audio import RATE_HZ

Owner = TypeVar("Owner")

BATCH_S: Seconds = 64.0
HELD_S: Seconds = 1_800.0
HELD_ITEMS = 1_024


@dataclass(frozen=True, slots=True)
class Item(Generic[Owner]):
    """A waveform (samples,) that waits for its batch, its length unsnapped, and whose it is."""

    waveform: Vector
    seconds: Seconds
    owner: Owner


class Buckets(Generic[Owner]):
    """Waiting waveforms by length.

    A bucket leaves as a batch when it holds `BATCH_S` seconds; when more than `HELD_S` seconds or
    `HELD_ITEMS` waveforms wait altogether, the one that holds most leaves. So memory is bounded,
    and a batch never mixes lengths.
    """

    def __init__(self) -> None:
        self._by_length: defaultdict[int, list[Item[Owner]]] = defaultdict(list)
        self._samples = 0
        self._items = 0

    def add(self, item: Item[Owner]) -> list[Item[Owner]]:
        """Put a waveform in, and return the batch that became due, maybe an empty one."""
        length = len(item.waveform)
        bucket = self._by_length[length]
        bucket.append(item)
        self._samples += length
        self._items += 1
        if length * len(bucket) >= BATCH_S * RATE_HZ:
            return self._take(length)
        if self._samples > HELD_S * RATE_HZ or self._items > HELD_ITEMS:
            return self.fullest()
        return []

    def fullest(self) -> list[Item[Owner]]:
        """Return the bucket that holds most seconds as a batch, an empty one if nothing waits."""
        if not self._by_length:
            return []
        return self._take(max(self._by_length, key=lambda n: n * len(self._by_length[n])))

    def _take(self, length: int) -> list[Item[Owner]]:
        batch = self._by_length.pop(length)
        self._samples -= length * len(batch)
        self._items -= len(batch)
        return batch
