import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spkret.errors import SqlError
from spkret.store.sql import query
from spkret.store.store import Store

ENDLESS = "select count(*) from range(1_000_000_000_000_000) t(x) where x * 3 % 7 = 3"
_INTERRUPTED = """
import signal, sys
from spkret.cli import main
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, 3)
main()
"""


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


def test_ctrl_c_ends_the_command_in_the_middle_of_a_call(store: Store) -> None:
    sql = "select levenshtein(repeat('a', 400000), repeat('b', 400000))"
    start = time.perf_counter()
    command = [sys.executable, "-c", _INTERRUPTED, "sql", sql, "--store", str(store.path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert time.perf_counter() - start < 20
    assert ended.returncode == 1
    assert "Aborted!" in ended.stderr
    assert "Traceback" not in ended.stderr


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
