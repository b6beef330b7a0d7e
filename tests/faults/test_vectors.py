"""A disk that fills up while the index of a large partition is written: the store answers."""

import json
import shutil
from pathlib import Path

import pytest
from faults.harness import Launcher, State, leftovers
from faults.jobs import INDEX_LARGE, LARGE, World, half_large
from tally import tell

from spkret.store.store import Store

QUERY = ("query", "AUDIO/en/001.opus", "--json", "--no-log")
WRITE, SAVE = "spkret.store.raw_vectors:RawVectors.write", "faiss:write_index"


def answer(world: World, launcher: Launcher, store: Path) -> list[object]:
    """Ask the whole store, and return ids and cosines."""
    ended = launcher.run(world.placed(QUERY, store), **LARGE)
    assert ended.status == 0, ended.err
    return [(one["id"], round(one["cosine"], 4)) for one in json.loads(ended.out)["candidates"]]


def undisturbed(world: World, launcher: Launcher, store: Path) -> Path:
    ended = launcher.run(world.placed(INDEX_LARGE, store), **LARGE)
    assert ended.status == 0, ended.err
    return store


def vectors(store: Path) -> set[str]:
    return {path.name for path in store.rglob("*.vectors")}


@pytest.mark.parametrize(
    ("grows", "point", "nth"),
    [
        (True, WRITE, 1),
        pytest.param(False, WRITE, 1, marks=pytest.mark.slow),
        pytest.param(False, WRITE, 2, marks=pytest.mark.slow),
        pytest.param(False, SAVE, 1, marks=pytest.mark.slow),
        pytest.param(True, WRITE, 2, marks=pytest.mark.slow),
        pytest.param(True, SAVE, 1, marks=pytest.mark.slow),
        pytest.param(True, SAVE, 2, marks=pytest.mark.slow),
    ],
)
def test_full_disk_leaves_a_store_that_answers(
    world: World,
    launcher: Launcher,
    store: Path,
    tmp_path: Path,
    grows: bool,
    point: str,
    nth: int,
) -> None:
    wanted = undisturbed(world, launcher, tmp_path / "undisturbed")
    if grows:
        half_large(world, store)
    before = vectors(store)
    fault = {"at": point, "nth": nth, "then": "full"}
    ended = launcher.run(world.placed(INDEX_LARGE, store), **LARGE, faults=[fault])
    assert (ended.status, ended.is_plain) == (1, True), ended.err
    assert "No space left" in ended.err
    assert not leftovers(store)
    tell("disk full in the index of a large partition", cases=1)
    assert State.of(store) == State.of(wanted), "the rows were committed before"
    assert answer(world, launcher, store) == answer(world, launcher, wanted)
    assert launcher.run(world.placed(INDEX_LARGE, store), **LARGE).status == 0
    assert Store.open(store).check().ok
    assert len(vectors(store)) == len(list(store.rglob("*.faiss"))), "none is left over"
    assert before <= vectors(store), "what was there was added to"


@pytest.mark.slow
def test_vectors_cut_off_are_built_again(
    world: World, launcher: Launcher, store: Path, tmp_path: Path
) -> None:
    half_large(world, store)
    wanted = answer(world, launcher, shutil.copytree(store, tmp_path / "whole"))
    for file in store.rglob("*.vectors"):
        file.write_bytes(file.read_bytes()[:-5])
    assert answer(world, launcher, store) == wanted
    assert Store.open(store).check().ok
