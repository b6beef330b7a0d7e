"""Ctrl-C and SIGTERM end a command in a plain line and leave nothing unfinished."""

import signal
import time
from pathlib import Path

import pytest
from faults.harness import Launcher, State, leftovers
from faults.jobs import JOBS, World

from spkret.store.store import Store

INDEX = next(job for job in JOBS if job.name == "index more")


@pytest.mark.parametrize(
    ("number", "status", "line"),
    [(signal.SIGINT, 1, "Aborted!"), (signal.SIGTERM, 143, "Terminated.")],
)
@pytest.mark.parametrize(
    "part",
    [0.5, pytest.param(0.2, marks=pytest.mark.slow), pytest.param(0.8, marks=pytest.mark.slow)],
)
def test_signal_ends_indexing_in_a_line(
    world: World,
    launcher: Launcher,
    store: Path,
    number: signal.Signals,
    status: int,
    line: str,
    part: float,
) -> None:
    INDEX.prepare(world, store)
    before = State.of(store)
    process = launcher.start(world.words(INDEX, store), **INDEX.setup)
    time.sleep(part)
    process.send(number)
    ended = process.wait()
    assert (ended.status, ended.err.strip()) == (status, line) or ended.status == 0
    assert not leftovers(store)
    assert State.of(store).rows.keys() >= before.rows.keys()
    assert launcher.run(world.words(INDEX, store), **INDEX.setup).status == 0
    assert len(State.of(store).rows) == 240
    assert Store.open(store).check().ok
