"""The crew without Ray: actors that answer at once, a block at a time, and die as they are told."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from spkret.cluster import crew
from spkret.cluster.crew import Crew
from spkret.cluster.sharing import Share, in_blocks, shared
from spkret.errors import ClusterError, EncoderMismatchError, UsageError
from spkret.indexer.embedding import Done
from spkret.store.schema import Recording


class RayActorError(Exception):
    pass


class exceptions:  # noqa: N801
    RayActorError = RayActorError
    WorkerCrashedError = OutOfMemoryError = type("Other", (Exception,), {})


@dataclass(eq=False)
class Call:
    """A call that is answered when it is waited for."""

    answer: Callable[[], Any]


@dataclass
class FakeRay:
    """Answers the call that was made last, as a cluster may."""

    exceptions = exceptions
    most_waiting: int = 0

    def wait(self, calls: Sequence[Call]) -> tuple[list[Call], list[Call]]:
        self.most_waiting = max(self.most_waiting, len(calls))
        return [calls[-1]], list(calls[:-1])

    def get(self, call: Call) -> Any:
        return call.answer()


@dataclass
class Method:
    function: Callable[..., Any]

    def remote(self, *given: Any) -> Call:
        return Call(lambda: self.function(*given))


@dataclass
class Actor:
    """Reads blocks, and dies over some paths."""

    deadly: frozenset[str] = frozenset()
    broken: Exception | None = None
    seen: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start, self.read = Method(self._start), Method(self._read)

    def _start(self) -> None:
        if self.broken:
            raise self.broken

    def _read(self, block: bytes, stored: str) -> Done:
        paths = [one.path for one in pickle.loads(block)]  # noqa: S301
        assert stored == "stored"
        self.seen.append(paths)
        if self.deadly & set(paths):
            raise RayActorError("died")
        return Done(files=len(paths), indexed=len(paths))


def recordings(count: int) -> list[Recording]:
    return [Recording("/audio", f"{number}.wav", extra={"n": "1"}) for number in range(count)]


def read(actors: list[Actor], count: int = 50, size: int = 10) -> Done:
    files = recordings(count)
    blocks = (files[start : start + size] for start in range(0, count, size))
    ray = FakeRay()
    total = sum(Crew(ray, actors, blocks, "stored").read(), Done())
    assert ray.most_waiting <= len(actors)
    return total


def test_every_block_is_read_once_by_one_of_the_actors() -> None:
    actors = [Actor(), Actor(), Actor()]
    assert read(actors).indexed == 50
    paths = [path for actor in actors for block in actor.seen for path in block]
    assert sorted(paths) == sorted(one.path for one in recordings(50))


@pytest.mark.parametrize("deadly", [{"0.wav"}, {"49.wav"}, {"7.wav", "8.wav", "31.wav"}])
def test_files_that_actors_die_over_are_found_and_no_others_lost(deadly: set[str]) -> None:
    done = read([Actor(frozenset(deadly)), Actor(frozenset(deadly))])
    assert {one.path for one in done.failures} == deadly
    assert {str(one.reason) for one in done.failures} == {"crashed"}
    assert (done.files, done.indexed) == (50, 50 - len(deadly))


def test_too_many_deaths_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "MOST_CRASHES", 2)
    with pytest.raises(ClusterError, match="died over more than 2 files"):
        read([Actor(frozenset({"1.wav", "2.wav", "3.wav"}))])


def test_what_an_actor_raises_as_it_starts_is_told() -> None:
    with pytest.raises(EncoderMismatchError, match="another one"):
        read([Actor(broken=EncoderMismatchError("another one"))])
    with pytest.raises(ClusterError, match="could not go on: died; what was committed stays"):
        read([Actor(broken=RayActorError("died.\nmore"))])


def test_blocks_are_several_a_worker_and_neither_tiny_nor_huge() -> None:
    def sizes(count: int, workers: int) -> list[int]:
        return [len(block) for block in in_blocks(recordings(count), workers)]

    assert sizes(40, 2) == [16, 16, 8]
    assert sizes(3_200, 2) == [200] * 16
    assert set(sizes(20_000, 2)) == {1_000}


def test_machines_are_shared_out() -> None:
    def of(*cpus: int, workers: int | None = None) -> Share:
        return shared([{"CPU": each} for each in cpus], workers, on_gpu=True)

    assert of(2) == Share(1, 2, 0, 2)
    assert of(2, workers=2) == Share(2, 1, 0, 1)
    assert of(64, 8, 0) == Share(18, 4, 0, 4)
    assert of(8, 8, workers=3) == Share(3, 4, 0, 4)
    with pytest.raises(UsageError, match="at most 10 workers"):
        of(8, 2, workers=11)


def test_workers_take_gpus_where_there_are_any() -> None:
    nodes = [{"CPU": 32.0, "GPU": 4.0}, {"CPU": 32.0, "GPU": 4.0}, {"CPU": 8.0}]
    assert shared(nodes, None, on_gpu=True) == Share(8, 1, 1, 9)
    assert shared(nodes, 16, on_gpu=True) == Share(16, 1, 0.5, 4)
    assert shared(nodes, None, on_gpu=False).gpus == 0
