"""Writers that are killed, and writers at once: each a process of its own."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import TOY_IDENTITY

from spkret.store.schema import recording_id
from spkret.store.store import Store

TESTS = Path(__file__).parents[1]

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from builders import embedded
from spkret.store.store import Store
store = Store.open(Path({store!r}))
"""

COMMIT_FOREVER = """
for n in range(10_000):
    rows = [embedded(f"{n}-{i}.wav", language=["en", "de"][i % 2]) for i in range(4)]
    store.recordings.commit([*rows, embedded("again.wav", language=["fr", "it"][n % 2])])
    if n % 3 == 2:
        store.vectors.refresh()
    print(n, flush=True)
"""

COMMIT_SHARED = """
for n in range(4):
    rows = [embedded(f"shared-{n}-{i}.wav", language=["en", "de"][i % 2]) for i in range(6)]
    store.recordings.commit([*rows, embedded(f"own-{sys.argv[1]}-{n}.wav")])
"""


def writer(store: Store, code: str, *arguments: str) -> subprocess.Popen[str]:
    setup = WRITER.format(tests=str(TESTS), store=str(store.path))
    return subprocess.Popen(
        [sys.executable, "-c", setup + code, *arguments], stdout=subprocess.PIPE, text=True
    )


def test_killed_writer_leaves_what_it_acknowledged(store: Store) -> None:
    generator = random.Random(0)
    acknowledged = 0
    for _ in range(5):
        process = writer(store, COMMIT_FOREVER)
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(generator.uniform(0, 0.4))
        process.kill()
        lines += process.communicate()[0].splitlines()
        acknowledged = max(acknowledged, *(int(line) + 1 for line in lines if line.strip()))

        again = Store.open(store.path)
        stored = again.recordings.scan(["id", "path"])
        ids = stored["id"].to_pylist()
        assert len(ids) == len(set(ids))
        commits = {int(path.split("-")[0]) for path in stored["path"].to_pylist() if "-" in path}
        assert commits >= set(range(acknowledged))
        assert commits <= set(range(acknowledged + 1))
        assert set(ids) == {
            recording_id("/audio", name)
            for name in ["again.wav", *(f"{n}-{i}.wav" for n in commits for i in range(4))]
        }
    report = Store.open(store.path).check(repair=True, compact=True)
    assert report.ok
    assert report.index_fresh
    assert not report.repaired


def test_writers_of_the_same_files_make_each_row_once(store: Store) -> None:
    processes = [writer(store, COMMIT_SHARED, str(n)) for n in range(3)]
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0] * 3
    ids = store.recordings.scan(["id"])["id"].to_pylist()
    assert len(ids) == len(set(ids)) == 4 * 6 + 3 * 4
    assert store.check().ok


def test_maintenance_waits_for_writers_and_they_for_it(store: Store) -> None:
    with store.locks.maintaining():
        process = writer(
            store, "from builders import embedded\nstore.recordings.commit([embedded('1.wav')])"
        )
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=2.5)
        assert store.recordings.scan(["id"]).num_rows == 0
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert store.recordings.scan(["id"]).num_rows == 1
    assert Store.create(store.path, TOY_IDENTITY).check(compact=True).ok
