import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.indexer.buckets import HELD_S, Buckets, Item

BATCH_S = 64.0


def item(samples: int, owner: int = 0) -> Item[int]:
    return Item(np.broadcast_to(np.float32(0), samples), samples / 16_000, owner)


def test_a_bucket_leaves_when_it_holds_a_batch() -> None:
    buckets: Buckets[int] = Buckets(BATCH_S)
    batches = [buckets.add(item(16_000, n)) for n in range(64)]
    assert all(not batch for batch in batches[:-1])
    assert [one.owner for one in batches[-1]] == list(range(64))
    assert buckets.fullest() == []


@given(st.lists(st.sampled_from([4_000, 8_000, 160_000, 960_000]), max_size=300))
def test_all_come_out_once_in_batches_of_one_length(lengths: list[int]) -> None:
    buckets: Buckets[int] = Buckets(BATCH_S)
    batches = [buckets.add(item(length, n)) for n, length in enumerate(lengths)]
    while batch := buckets.fullest():
        batches.append(batch)
    assert all(len({len(one.waveform) for one in batch}) <= 1 for batch in batches)
    assert sorted(one.owner for batch in batches for one in batch) == list(range(len(lengths)))


@pytest.mark.parametrize(("batch_s", "held_s"), [(BATCH_S, HELD_S), (512.0, 8 * 512.0)])
def test_what_waits_is_bounded(batch_s: float, held_s: float) -> None:
    buckets: Buckets[int] = Buckets(batch_s)
    seconds = items = most = 0.0
    for n in range(2_100):
        one = item(4_000 * (1 + n % 700))
        batch = buckets.add(one)
        seconds += one.seconds - sum(other.seconds for other in batch)
        items += 1 - len(batch)
        most = max(most, seconds)
        assert max(seconds, items) <= held_s
        assert sum(other.seconds for other in batch) < batch_s + 180
    assert most > 0.9 * held_s


def test_short_waveforms_do_not_wait_by_the_thousand() -> None:
    buckets: Buckets[int] = Buckets(BATCH_S)
    lengths = list(range(100, 8_000, 3))
    waiting = [1 - len(buckets.add(item(length))) for length in lengths]
    assert max(np.cumsum(waiting)) <= HELD_S
