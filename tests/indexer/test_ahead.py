import threading
from collections.abc import Generator

import pytest

from spkret.indexer.ahead import ahead


def counting(closed: list[str], fail_at: int | None = None) -> Generator[int, None, None]:
    try:
        for number in range(1_000):
            if number == fail_at:
                raise KeyError("broken")
            yield number
    finally:
        closed.append(threading.current_thread().name)


@pytest.mark.parametrize("most", [1, 3, 5_000])
def test_items_come_in_order_from_another_thread(most: int) -> None:
    closed: list[str] = []
    assert list(ahead(counting(closed), most)) == list(range(1_000))
    assert closed == ["ahead"]


def test_an_error_comes_after_the_items_before_it() -> None:
    items = ahead(counting([], fail_at=7), 2)
    assert [next(items) for _ in range(7)] == list(range(7))
    with pytest.raises(KeyError, match="broken"):
        next(items)


def test_it_never_runs_further_ahead_than_allowed() -> None:
    made: list[int] = []

    def making() -> Generator[int, None, None]:
        for number in range(50):
            made.append(number)
            yield number

    for number in ahead(making(), 4):
        assert len(made) <= number + 1 + 4 + 1


@pytest.mark.parametrize("taken", [1, 10])
def test_a_consumer_that_stops_closes_the_generator(taken: int) -> None:
    closed: list[str] = []
    items = ahead(counting(closed), 2)
    for _ in range(taken):
        next(items)
    before = threading.active_count()
    items.close()  # type: ignore[attr-defined]
    assert closed == ["ahead"]
    assert threading.active_count() == before - 1
