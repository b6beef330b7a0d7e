from pathlib import Path

import numpy as np
import pytest
from search_parts import systems, worker
from search_parts.measuring import ask, memory, recall
from search_parts.speakers import Speakers
from search_parts.table import tables
from search_parts.task import K, Task


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("task")
    return Task.make(folder, Speakers(3_000, 32, seed=0), queries=30, sizes=[50])


def test_speakers_spread_as_measured_on_real_speech() -> None:
    vectors, speakers = Speakers(5_000, 192, seed=0).draw(3_000, 9)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    pairs = np.triu_indices(len(vectors), 1)
    cosines = (vectors @ vectors.T)[pairs]
    same = speakers[pairs[0]] == speakers[pairs[1]]
    assert cosines[same].mean() == pytest.approx(0.31, abs=0.03)
    assert cosines[same].std() == pytest.approx(0.17, abs=0.03)
    assert cosines[~same].mean() == pytest.approx(0, abs=0.01)
    assert cosines[~same].std() == pytest.approx(0.126, abs=0.015)


def test_speakers_are_drawn_again_by_their_seed() -> None:
    first, again, other = (Speakers(100, 16, seed).queries(5) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_task_holds_the_truth(task: Task) -> None:
    cosines = task.queries @ np.array(task.vectors).T
    for found, row in zip(task.wanted(), cosines, strict=True):
        assert set(found) == set(np.argsort(-row)[:K])
    groups = task.groups(50)
    assert groups.shape == (30, 50)
    for found, group, row in zip(task.wanted_among(groups), groups, cosines, strict=True):
        assert set(found) == set(group[np.argsort(-row[group])[:K]])


def test_recall_and_times_by_hand() -> None:
    right = [np.array([1, 2]), np.array([3, 4])]
    assert recall([np.array([2, 1]), np.array([3])], right) == 0.75
    asked = ask(lambda n: right[n], [0, 1], right)
    assert asked.recall == 1
    assert 0 <= asked.p50_ms <= asked.p99_ms
    assert memory()["peak_mib"] >= memory()["unmapped_mib"] > 0


@pytest.mark.parametrize("name", systems.OURS)
def test_system_finds_what_is_nearest(task: Task, tmp_path: Path, name: str) -> None:
    system = systems.make(name)
    assert system is not None
    built = worker.build(system, task, tmp_path / name)
    assert built["disk_mib"] >= 0
    system.open(task, tmp_path / name, 1)
    answers = worker.asked(system, task, [50])
    assert answers["asked"]["all"]["recall"] >= 0.97
    if name in ("spkret", "numpy", "faiss-flat"):
        assert answers["asked"]["50"]["recall"] == 1
    text = tables(3_000, {name: {"build": built, "ask": answers}}, [50])
    assert f"| {name}" in text


def test_system_without_its_library_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_parts.systems.numpy_brute.Numpy.needs", "no_such_library")
    assert systems.make("numpy") is None
