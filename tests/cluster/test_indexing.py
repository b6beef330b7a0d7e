import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import voice, write_audio

import spkret
from spkret.cluster import indexing
from spkret.cluster.index_worker import IndexWorker
from spkret.errors import UsageError
from spkret.indexer.embedding import Done
from spkret.indexer.stored import Heads
from spkret.indexer.summary import IndexSummary, Progress
from spkret.store.arrays import embeddings
from spkret.store.store import Store

FILES = 40
MEASURED = ("duration_s", "speech_s", "snr_db", "bandwidth_hz", "f0_hz", "embedding_norm")
pytestmark = pytest.mark.usefixtures("ray")


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty files of five speakers, one a copy of another, and two that are no audio."""
    root = tmp_path_factory.mktemp("corpus") / "audio"
    for number in range(FILES - 1):
        wave = voice(0.3, f0_hz=90 + 4 * number, seed=number)
        write_audio(root / f"s{number % 5}" / f"{number:02}.wav", wave)
    shutil.copy(root / "s0" / "00.wav", root / "s0" / "copy.wav")
    for name in ("a.wav", "z.flac"):
        (root / "s1" / name).write_text("no audio")
    lines = [f"{p.relative_to(root)},{p.parent.name},en" for p in sorted(root.glob("*/*"))]
    (root / "manifest.csv").write_text("\n".join(["path,speaker,language", *lines]) + "\n")
    return root


@pytest.fixture(scope="module")
def here(audio: Path) -> Store:
    """The store that this process makes of the files."""
    spkret.index(audio, audio.parent / "here", tags=["noise"])
    return Store.open(audio.parent / "here")


@pytest.fixture(scope="module")
def run(ray: Any, audio: Path) -> IndexSummary:
    """What the cluster made of them in the store `there`."""
    return index(audio, audio.parent / "there")


@pytest.fixture
def there(run: IndexSummary, audio: Path) -> Store:
    return Store.open(audio.parent / "there")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "store"


def index(audio: Path, store: Path, progress: Progress | None = None) -> IndexSummary:
    return spkret.index(audio, store, tags=["noise"], ray="auto", ray_workers=2, progress=progress)


def failures(store: Store) -> list[tuple[str, str]]:
    rows = store.failures.scan().to_pylist()
    return sorted((row["path"], row["reason"]) for row in rows)


def assert_same_rows(one: Store, other: Store) -> None:
    """Compare two stores row by row, but for when they were written."""
    found, expected = one.recordings.scan(), other.recordings.scan()
    assert found.num_rows == len(set(found["id"].to_pylist())) == FILES
    told = [name for name in found.column_names if name not in ("indexed_at", "embedding")]
    told = [name for name in told if name not in (*MEASURED, "spectrum_mean", "spectrum_std")]
    told.remove("noise_probability")
    assert found.select(told).equals(expected.select(told))
    np.testing.assert_allclose(embeddings(found), embeddings(expected), atol=1e-5)
    for name in MEASURED:
        np.testing.assert_allclose(found[name].to_numpy(), expected[name].to_numpy(), rtol=1e-4)


def test_rows_are_those_of_a_run_here(run: IndexSummary, there: Store, here: Store) -> None:
    assert (run.files, run.indexed, run.failed) == (FILES + 2, FILES, {"not_audio": 2})
    assert_same_rows(there, here)
    assert failures(there) == failures(here)


def test_indexes_are_those_of_a_run_here(there: Store, here: Store) -> None:
    assert there.vectors.fresh()
    cells = here.recordings.cells()
    assert there.recordings.cells().keys() == cells.keys()
    assert all(there.vectors.equals_rows(cell) for cell in cells)
    query = embeddings(here.recordings.scan())[7]
    found, expected = there.vectors.search(query, 10), here.vectors.search(query, 10)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_allclose(found.cosines, expected.cosines, atol=1e-5)


def test_a_second_run_reads_nothing(there: Store, audio: Path) -> None:
    version = there.recordings.version()
    again = index(audio, there.path)
    assert (again.indexed, again.unchanged, again.hours) == (0, FILES, 0)
    assert there.recordings.version() == version


def test_changed_and_lost_files_are_followed(
    there: Store, here: Store, audio: Path, tmp_path: Path
) -> None:
    moved = Path(shutil.copytree(audio, tmp_path / "audio"))
    store = Path(shutil.copytree(there.path, tmp_path / "store"))
    spkret.index(moved, store, moved_from=audio, tags=["noise"])
    os.utime(moved / "s2" / "07.wav")
    (moved / "s3" / "08.wav").unlink()
    done = spkret.index(moved, store, ray="auto", ray_workers=2, prune=True)
    assert (done.indexed, done.duplicates, done.pruned) == (1, 1, 1)
    paths = set(here.recordings.scan(["path"])["path"].to_pylist())
    assert {*Store.open(store).recordings.scan(["path"])["path"].to_pylist()} == paths - {
        "s3/08.wav"
    }


def test_workers_killed_in_the_middle_lose_nothing_and_write_nothing_twice(
    audio: Path, here: Store, target: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"

    def kill_once(mark: Path) -> None:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    class Killed(IndexWorker):
        def read(self, block: bytes, stored: Heads) -> Done:
            kill_once(before)
            done = super().read(block, stored)
            kill_once(after)
            return done

    monkeypatch.setattr(indexing, "IndexWorker", Killed)
    assert index(audio, target).indexed == FILES
    assert before.exists()
    assert after.exists()
    assert_same_rows(Store.open(target), here)
    assert failures(Store.open(target)) == failures(here)


def test_more_workers_than_cpus_are_refused(audio: Path, target: Path) -> None:
    with pytest.raises(UsageError, match="at most 2 workers"):
        spkret.index(audio, target, ray="auto", ray_workers=3)


def test_a_driver_killed_in_the_middle_resumes(
    ray: Any, audio: Path, here: Store, target: Path
) -> None:
    with driver(ray, audio, target) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"(")
        process.kill()
    wait_until(lambda: not worker_pids())
    committed = Store.open(target).recordings.scan(["id"]).num_rows
    assert committed
    assert index(audio, target).unchanged == committed
    assert_same_rows(Store.open(target), here)


def driver(ray: Any, audio: Path, store: Path) -> "subprocess.Popen[bytes]":
    """Index in a process of its own that tells of its progress.

    It is given the address: tests that run beside these have another cluster on this machine.
    """
    code = (
        "import spkret, sys; spkret.index(sys.argv[1], sys.argv[2], tags=['noise'],"
        " ray=sys.argv[3], ray_workers=2, progress=lambda *done: print(done, flush=True))"
    )
    address = ray.get_runtime_context().gcs_address
    command = [sys.executable, "-c", code, str(audio), str(store), address]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def worker_pids() -> list[int]:
    """List the indexing workers of the cluster that the tests started."""
    return [pid for pid in descendants(os.getpid()) if b"ray::IndexWorker" in command_of(pid)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found[1:]


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)
