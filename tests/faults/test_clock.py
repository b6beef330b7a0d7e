"""Clocks that jump: what is new is told by the table's versions, never by the time."""

import os
from pathlib import Path

import pytest
from faults.harness import Launcher, State
from faults.jobs import World

from spkret.store.store import Store

DAY_S = 86_400.0


@pytest.mark.parametrize(
    "jump_s", [-3_650 * DAY_S, pytest.param(3_650 * DAY_S, marks=pytest.mark.slow)]
)
def test_rows_written_at_an_odd_time_are_kept_and_found(
    world: World, launcher: Launcher, store: Path, jump_s: float
) -> None:
    world.copy("half", store)
    index = world.placed(("index", "AUDIO"), store)
    assert launcher.run(index, clock_s=jump_s).status == 0
    opened = Store.open(store)
    times = opened.recordings.scan(["indexed_at"])["indexed_at"].to_pylist()
    assert (max(times) - min(times)).days > 3_600
    report = opened.check(compact=True)
    assert (report.ok, report.index_fresh, report.rows) == (True, True, 240)
    assert launcher.run(index).status == 0
    assert State.of(store) == State.of(world.folder / "full")


def test_audio_modified_in_the_future_is_read_once(
    world: World, launcher: Launcher, store: Path, tmp_path: Path
) -> None:
    audio = tmp_path / "audio"
    for number, file in enumerate(sorted((world.audio / "en").glob("*.opus"))[:6]):
        (audio / f"speaker-{number % 2}").mkdir(parents=True, exist_ok=True)
        copy = audio / f"speaker-{number % 2}" / file.name
        copy.write_bytes(file.read_bytes())
        os.utime(copy, (4e9, 4e9))
    index = ["index", audio, "--store", store, "--json"]
    assert '"indexed": 6' in launcher.run(index).out
    assert '"unchanged": 6' in launcher.run(index).out
    os.utime(copy, (1e9, 1e9))
    assert '"indexed": 1' in launcher.run(index).out
    assert len(State.of(store).rows) == 6
