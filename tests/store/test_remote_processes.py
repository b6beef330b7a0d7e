"""Writers of a store at a URL at once, each as on a machine of its own, and one that is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from builders import TOY_IDENTITY

from spkret.store.store import Store

TESTS = Path(__file__).parents[1]

WRITER = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
import pyarrow as pa
from builders import embedded
from spkret.store.scores import SCORES_SCHEMA
from spkret.store.store import Store
store, own = Store.open(sys.argv[1]), sys.argv[2]
"""

APPEND = """
row = dict.fromkeys(SCORES_SCHEMA.names) | {"command": own}
for n in range(int(sys.argv[3])):
    shared = [embedded(f"shared-{n}-{i}.wav", language=["en", "de"][i % 2]) for i in range(4)]
    store.recordings.commit([*shared, embedded(f"own-{own}-{n}.wav")])
    store.scores.append(pa.Table.from_pylist([row], SCORES_SCHEMA))
"""

APPEND_FOREVER = """
for n in range(10_000):
    again = embedded("again.wav", language=["fr", "it"][n % 2])
    store.recordings.commit([embedded(f"{n}.wav"), again])
    print(n, flush=True)
"""


@pytest.fixture
def store(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "here"))
    return Store.create(f"{bucket}/store", TOY_IDENTITY)


def writer(store: Store, code: str, own: str, rounds: int = 0) -> subprocess.Popen[str]:
    """Start a process that shares nothing on disk with the others."""
    cache = store.path.parents[2] / own
    return subprocess.Popen(
        [sys.executable, "-c", WRITER + code, str(store.place), own, str(rounds)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SPKRET_CACHE": str(cache)},
    )


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_writers_on_four_machines_lose_nothing(store: Store, rounds: int) -> None:
    processes = [writer(store, APPEND, f"machine-{n}", rounds) for n in range(4)]
    for process in processes:
        process.communicate(timeout=500)
    assert [process.returncode for process in processes] == [0] * 4
    stored = store.recordings.scan(["id", "path"])
    paths = stored["path"].to_pylist()
    assert sorted(paths) == sorted(
        [f"shared-{n}-{i}.wav" for n in range(rounds) for i in range(4)]
        + [f"own-machine-{m}-{n}.wav" for m in range(4) for n in range(rounds)]
    )
    assert store.scores.count() == 4 * rounds
    assert store.check().ok


def test_a_killed_writer_leaves_what_it_acknowledged(store: Store) -> None:
    process = writer(store, APPEND_FOREVER, "killed")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    process.kill()
    lines += process.communicate()[0].splitlines()
    acknowledged = max(int(line) for line in lines if line.strip())
    paths = Store.open(store.place).recordings.scan(["path"])["path"].to_pylist()
    assert len(paths) == len(set(paths))
    numbers = {int(path.removesuffix(".wav")) for path in paths if path != "again.wav"}
    assert set(range(acknowledged + 1)) <= numbers <= set(range(acknowledged + 2))
    report = store.check(compact=True)
    assert report.ok
    assert report.rows == len(paths)
