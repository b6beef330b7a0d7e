import signal
import time
from pathlib import Path

import pytest
from builders import embedded

from spkret.errors import SqlError
from spkret.store.sql import query
from spkret.store.store import Store

ENDLESS = "select count(*) from range(1_000_000_000_000_000) t(x) where x * 3 % 7 = 3"


@pytest.mark.parametrize("sql", [ENDLESS, f"explain analyze {ENDLESS}"])
def test_a_query_that_takes_too_long_is_stopped(store: Store, sql: str) -> None:
    start = time.perf_counter()
    with pytest.raises(SqlError, match=r"stopped after 0\.2 s"):
        query(store, sql, timeout_s=0.2)
    assert time.perf_counter() - start < 5


def test_ctrl_c_stops_a_query(store: Store) -> None:
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    start = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            query(store, ENDLESS)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert time.perf_counter() - start < 5


def test_time_is_up_before_anything_ran(store: Store) -> None:
    with pytest.raises(SqlError, match="stopped after 0 s"):
        query(store, ENDLESS, timeout_s=0)


def test_rows_and_errors_in_time_are_as_without_a_limit(store: Store) -> None:
    store.recordings.commit([embedded("1.wav"), embedded("2.wav")])
    rows = query(store, "select path from recordings order by 1", timeout_s=60)
    assert rows.fetchall() == [("1.wav",), ("2.wav",)]
    with pytest.raises(SqlError, match="nonsense"):
        query(store, "select nonsense from recordings", timeout_s=60)


@pytest.mark.parametrize(
    "sql",
    ["select x from range(9) t(x) order by x desc", "describe recordings", "explain select 1"],
)
def test_the_first_rows_are_kept(store: Store, sql: str) -> None:
    every = query(store, sql).fetchall()
    assert query(store, sql, most_rows=1).fetchall() == every[:1]
    assert query(store, sql, most_rows=0).fetchall() == []
    assert query(store, sql, most_rows=1000).fetchall() == every


def test_too_much_memory_is_one_line_and_nothing_is_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sql = "select x from range(100_000_000) t(x) order by x % 7919"
    with pytest.raises(SqlError, match="too much memory") as error:
        query(store, sql, memory_bytes=50_000_000)
    assert "\n" not in str(error.value)
    assert [entry.name for entry in store.path.parent.iterdir()] == ["store"]
