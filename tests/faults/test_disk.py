"""Full disks, and folders that may not be written: one line, and nothing committed is lost."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.harness import Launcher, State, leftovers
from faults.jobs import JOBS, Job, World
from tally import tell

from spkret.store.store import Store

BY_NAME = {job.name: job for job in JOBS}
PAGE = 4_096
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


def done(world: World, launcher: Launcher, job: Job, store: Path) -> State:
    """Do a job without faults."""
    job.prepare(world, store)
    ended = launcher.run(world.words(job, store), **job.setup)
    assert job.finished(ended), ended.err
    return State.of(store)


def look(
    world: World, launcher: Launcher, job: Job, store: Path, before: State, wanted: State
) -> None:
    """See that nothing was lost, and that the job ends well once there is room."""
    state = State.of(store)
    lost = state.lost(before, wanted)
    tell("full disk, or a limit of files' size", cases=1, rows_lost=lost, rows_twice=state.twice)
    assert (lost, state.twice) == (0, 0)
    again = launcher.run(world.words(job, store), **job.setup)
    assert job.finished(again), again.err
    assert State.of(store) == wanted
    assert Store.open(store).check().ok


def fill(world: World, launcher: Launcher, job: Job, disk: Path, free: int, other: Path) -> int:
    """Do a job with so many bytes free, then with enough; return how it ended first."""
    wanted = done(world, launcher, job, other)
    store = disk / "store"
    job.prepare(world, store)
    before = State.of(store)
    used = int(os.statvfs(disk).f_blocks - os.statvfs(disk).f_bfree) * os.statvfs(disk).f_frsize
    resize(disk, used + free)
    ended = launcher.run(world.words(job, store), **job.setup)
    resize(disk, 64 << 20)
    assert job.finished(ended) or (ended.status == 1 and ended.is_plain), ended.err
    assert not leftovers(store), "a command that failed cleans up"
    look(world, launcher, job, store, before, wanted)
    return ended.status


@as_root
@pytest.mark.parametrize("name", ["index more", "train-reranker"])
def test_full_disk_fails_in_one_line(
    world: World, launcher: Launcher, disk: Path, tmp_path: Path, name: str
) -> None:
    assert fill(world, launcher, BY_NAME[name], disk, 4 * PAGE, tmp_path / "other") == 1


@as_root
@pytest.mark.slow
@pytest.mark.parametrize("pages", [0, 1, 3, 10, 20, 40, 80, 160])
@pytest.mark.parametrize("name", [job.name for job in JOBS if job.name not in ("index", "import")])
def test_nearly_full_disk_loses_nothing(
    world: World, launcher: Launcher, disk: Path, tmp_path: Path, name: str, pages: int
) -> None:
    fill(world, launcher, BY_NAME[name], disk, pages * PAGE, tmp_path / "other")


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 200, 2_000, 10_000, 50_000])
@pytest.mark.parametrize("name", [job.name for job in JOBS if job.name not in ("index", "import")])
def test_files_may_not_grow_beyond_a_limit(
    world: World, launcher: Launcher, store: Path, tmp_path: Path, name: str, most: int
) -> None:
    job = BY_NAME[name]
    wanted = done(world, launcher, job, tmp_path / "other")
    job.prepare(world, store)
    before = State.of(store)
    ended = launcher.run(world.words(job, store), **job.setup, file_bytes=most)
    assert job.finished(ended) or ended.status == 1, ended.err
    assert "Traceback" not in ended.err
    look(world, launcher, job, store, before, wanted)


@pytest.mark.parametrize(
    "point", ["faiss:write_index", pytest.param("pathlib:Path.write_text", marks=pytest.mark.slow)]
)
def test_index_that_cannot_be_written_is_built_later(
    world: World, launcher: Launcher, store: Path, tmp_path: Path, point: str
) -> None:
    job = BY_NAME["index more"]
    wanted = done(world, launcher, job, tmp_path / "other")
    job.prepare(world, store)
    fault = {"at": point, "nth": 2, "then": "full"}
    ended = launcher.run(world.words(job, store), **job.setup, faults=[fault])
    assert (ended.status, ended.is_plain) == (1, True)
    assert "No space left" in ended.err
    assert not leftovers(store)
    look(world, launcher, job, store, wanted, wanted)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("query", "AUDIO/en/001.opus", "--no-log", "--json"), 0),
        (("query", "AUDIO/en/001.opus"), 1),
        (("evaluate", "TRIALS", "--no-log", "--json"), 0),
        (("info",), 0),
        (("sql", "select count(*) from recordings"), 0),
        (("check", "--compact"), 1),
        (("index", "AUDIO"), 1),
        (("forget", "--speaker", "de-f1", "--yes"), 1),
        (("train-reranker", "TRIALS"), 1),
    ],
)
def test_store_that_may_not_be_written_can_be_read(
    world: World, launcher: Launcher, store: Path, words: tuple[str, ...], status: int
) -> None:
    world.copy("trained", store)
    before = State.of(store)
    subprocess.run(["chmod", "-R", "a-w", store], check=True)
    ended = launcher.run(world.placed(words, store), without_privileges=True)
    assert ended.status == status, ended.err
    assert not status or ended.is_plain, ended.err
    subprocess.run(["chmod", "-R", "u+w", store], check=True)
    assert State.of(store) == before
    assert not leftovers(store)


def test_audio_that_may_not_be_read_is_a_failure_each(
    world: World, launcher: Launcher, tmp_path: Path
) -> None:
    audio, store = tmp_path / "audio", tmp_path / "store"
    subprocess.run(["cp", "-r", world.audio, audio], check=True)
    (audio / "manifest.csv").unlink()
    secret = sorted(audio.rglob("*.opus"))[:7]
    for file in secret:
        file.chmod(0)
    ended = launcher.run(["index", audio, "--store", store], without_privileges=True)
    assert ended.status == 0, ended.err
    opened = Store.open(store)
    assert opened.failures.count() == 7
    assert opened.recordings.scan(["id"]).num_rows == 233
