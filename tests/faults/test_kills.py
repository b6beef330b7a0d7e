"""`kill -9` at random moments, and at chosen ones: nothing committed is lost, and work goes on."""

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults.harness import Ended, Launcher, State
from faults.jobs import JOBS, Job, World
from tally import tell

from spkret.rerank.ranker import Reranker
from spkret.store.store import Store

KILLED = -9
BY_NAME = {job.name: job for job in JOBS}
POINTS = (
    ("index more", "deltalake:write_deltalake"),
    ("index more", "faiss:write_index"),
    ("index more", "pathlib:Path.replace"),
    ("forget", "shutil:rmtree"),
    ("forget", "deltalake:DeltaTable.vacuum"),
    ("compact", "deltalake:DeltaTable.vacuum"),
    ("compact", "pathlib:Path.unlink"),
    ("repair", "pathlib:Path.replace"),
    ("train-reranker", "shutil:rmtree"),
    ("train-reranker", "spkret.rerank.ranker:replace_folder"),
    ("evaluate", "deltalake:write_deltalake"),
)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a job is without faults: the store before and after it, and how long it takes."""

    before: State
    done: State
    seconds: float


class Yard:
    """Where jobs are killed: each is run once undisturbed, then as often as wanted."""

    def __init__(self, world: World, launcher: Launcher, folder: Path) -> None:
        self._world, self._launcher, self._folder = world, launcher, folder
        self._known: dict[str, Undisturbed] = {}
        self.counts: Counter[str] = Counter()

    def known(self, job: Job) -> Undisturbed:
        """Run a job without faults, the first time it is asked for."""
        if job.name not in self._known:
            store = self._begin(job)
            before = State.of(store)
            ended = self._run(job, store)
            assert job.finished(ended), ended.err
            self._known[job.name] = Undisturbed(before, State.of(store), ended.seconds)
        return self._known[job.name]

    def kill_at_random(self, job: Job, generator: random.Random) -> bool:
        """Kill a job somewhere along its way; tell whether it was still at work."""
        seconds = self.known(job).seconds
        store = self._begin(job)
        process = self._launcher.start(self._world.words(job, store), **job.setup)
        return self._look(job, store, process.kill(generator.uniform(0, seconds)), "at random")

    def kill_at_point(self, job: Job, point: str, nth: int, then: str) -> bool:
        """Kill a job as it calls a function, or as that comes back; tell whether it did."""
        store = self._begin(job)
        fault = {"at": point, "nth": nth, "then": then}
        ended = self._launcher.run(self._world.words(job, store), **job.setup, faults=[fault])
        return self._look(job, store, ended, "at a point")

    def kill_in_commit(self, job: Job) -> bool:
        """Kill a job as soon as it writes a Parquet file: a commit is under way."""
        store = self._begin(job)
        files = set(store.rglob("*.parquet"))
        process = self._launcher.start(self._world.words(job, store), **job.setup)
        ended = process.kill_when(lambda: set(store.rglob("*.parquet")) > files)
        return self._look(job, store, ended, "in a commit")

    def _look(self, job: Job, store: Path, ended: Ended, when: str) -> bool:
        known = self.known(job)
        tell(f"kill -9 {when}", kills=ended.status == KILLED, ended_before=ended.status != KILLED)
        self._check(job, store, when, known)
        if job.keeps_reranker:
            Reranker.load(Store.open(store).reranker_path)
        again = self._run(job, store)
        assert job.finished(again), f"{job.name} again: {again.err}"
        after = State.of(store)
        assert (after.rows, after.twice) == (known.done.rows, 0), job.name
        assert Store.open(store).check(repair=False).ok
        self.counts[job.name] += ended.status == KILLED
        return ended.status == KILLED

    def _check(self, job: Job, store: Path, when: str, known: Undisturbed) -> None:
        state = State.of(store)
        lost = state.lost(known.before, known.done)
        tell(f"kill -9 {when}", rows_lost=lost, rows_twice=state.twice)
        assert (lost, state.twice) == (0, 0), job.name
        if known.before.rows:
            report = Store.open(store).check()
            assert report.ok or job.name == "repair", (job.name, report.problems)

    def _begin(self, job: Job) -> Path:
        store = self._folder / "store"
        shutil.rmtree(store, ignore_errors=True)
        job.prepare(self._world, store)
        return store

    def _run(self, job: Job, store: Path) -> Ended:
        return self._launcher.run(self._world.words(job, store), **job.setup)


@pytest.fixture
def yard(world: World, launcher: Launcher, tmp_path: Path) -> Yard:
    return Yard(world, launcher, tmp_path)


def kill(yard: Yard, wanted: int, jobs: tuple[Job, ...], seed: int) -> None:
    """Kill jobs in turn until so many were killed while they were at work."""
    generator = random.Random(seed)
    tried = 0
    while sum(yard.counts.values()) < wanted:
        yard.kill_at_random(jobs[tried % len(jobs)], generator)
        tried += 1


def test_killed_jobs_lose_nothing_and_are_done_when_run_again(yard: Yard) -> None:
    names = ("index more", "import", "forget", "compact", "train-reranker")
    kill(yard, 10, tuple(BY_NAME[name] for name in names), seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index more", "evaluate"])
def test_job_killed_in_a_commit_loses_nothing(yard: Yard, name: str) -> None:
    assert yard.kill_in_commit(BY_NAME[name])


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing(yard: Yard) -> None:
    kill(yard, 200, JOBS, seed=1)
    tell("kill -9 at random, by job", **yard.counts)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "point"), POINTS)
@pytest.mark.parametrize("then", ["kill", "kill after"])
def test_job_killed_at_a_point_loses_nothing(yard: Yard, name: str, point: str, then: str) -> None:
    nth = 1
    while yard.kill_at_point(BY_NAME[name], point, nth, then) and nth < 4:
        nth += 1
    assert nth > 1, "the point was never reached"
