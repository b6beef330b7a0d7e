"""Processes for SQL of users: what they give, and that none of them stays."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sandboxed import dying, endless, failing, greedy, own_id
from starlette.exceptions import HTTPException

from spkret.errors import SqlError, StoreError
from spkret.web.sandbox import Sandbox
from spkret.web.turns import Turns


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Processes over a folder that is no store."""
    made = Sandbox(tmp_path)
    yield made
    made.close()


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def ends(pid: int) -> bool:
    until = time.monotonic() + 5
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not is_there(pid)


def test_work_is_done_in_another_process_that_ends(sandbox: Sandbox) -> None:
    pid = sandbox.run(own_id, seconds=30.0)
    assert pid != os.getpid()
    assert ends(pid)


def test_failures_come_as_they_are(sandbox: Sandbox) -> None:
    with pytest.raises(StoreError, match=f"nothing in {Path(sandbox.store).name}"):
        sandbox.run(failing, seconds=30.0)
    for work in (dying, greedy):
        with pytest.raises(SqlError, match="too much memory"):
            sandbox.run(work, seconds=30.0)


def test_nothing_stays_of_what_took_too_long(sandbox: Sandbox) -> None:
    with pytest.raises(SqlError, match="stopped after 5 s"):
        sandbox.run(endless, seconds=5.0)
    assert ends(int(Path(sandbox.store, "pid").read_text()))


def test_closing_ends_what_runs_and_starts_nothing_more(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor() as pool:
        running = pool.submit(sandbox.run, endless, seconds=60.0)
        until = time.monotonic() + 20
        while not Path(sandbox.store, "pid").exists() and time.monotonic() < until:
            time.sleep(0.01)
        sandbox.close()
        assert isinstance(running.exception(10), SqlError)
    with pytest.raises(SqlError, match="about to end"):
        sandbox.run(own_id, seconds=30.0)


def test_turns_let_a_few_work_and_a_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spkret.web.turns._PATIENCE_S", 0.2)
    turns = Turns(1, 1)
    with turns.taken():
        start = time.monotonic()
        with pytest.raises(HTTPException) as error, turns.taken():
            pass
        assert time.monotonic() - start > 0.15
    assert (error.value.status_code, error.value.headers) == (503, {"Retry-After": "5"})
    with turns.taken():
        pass
