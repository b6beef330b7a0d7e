"""Damaged lists, embeddings and encoders, and bombs among them: read or refused in one line."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

import pytest
from hostile_child import Case, check, read_all, read_each
from hostile_lists import LISTS, bombs, models, mutated_lists
from tally import tell

MOST_S, MOST_MEBIBYTES = 15.0, 400.0


Files = Iterable[tuple[str, bytes]]


def read_lists(folder: Path, lists: Mapping[str, Files]) -> dict[str, list[Case]]:
    """Write the files of each kind, and read them all in one child."""
    folders = {kind: folder / kind for kind in lists}
    for kind, files in lists.items():
        folders[kind].mkdir()
        for name, content in files:
            (folders[kind] / name).write_bytes(content)
    return read_each(folders)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Case]]:
    lists = {kind: mutated_lists(kind, 25, 1) for kind in LISTS}
    return read_lists(tmp_path_factory.mktemp("damaged"), lists)


@pytest.fixture(scope="module")
def bombed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Case]]:
    lists = {kind: bombs(kind) for kind in ("manifest", "trials", "embeddings")}
    return read_lists(tmp_path_factory.mktemp("bombs"), lists)


@pytest.mark.parametrize("kind", LISTS)
def test_damaged_lists_are_read_or_refused(damaged: dict[str, list[Case]], kind: str) -> None:
    check(damaged[kind], MOST_S, MOST_MEBIBYTES)
    assert len(damaged[kind]) == 25


@pytest.mark.parametrize("kind", ["manifest", "trials", "embeddings"])
def test_bombs_are_refused(bombed: dict[str, list[Case]], kind: str) -> None:
    check(bombed[kind], MOST_S, MOST_MEBIBYTES)
    kept = {"deep.jsonl", "wide.csv", "digits.jsonl"}
    assert {case.ended for case in bombed[kind] if case.name not in kept}.isdisjoint({"read"})


def test_encoders_that_are_none_are_refused(tmp_path: Path) -> None:
    for name, content in models(Random(1), 20):
        (tmp_path / name).write_bytes(content)
    cases = read_all("encoder", tmp_path)
    check(cases, MOST_S, MOST_MEBIBYTES)
    assert {case.ended for case in cases} == {"EncoderError"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*LISTS, "encoder"])
def test_hundreds_of_damaged_lists(tmp_path: Path, kind: str) -> None:
    found = models(Random(2), 200) if kind == "encoder" else mutated_lists(kind, 300, 2)
    for name, content in (*found, *(() if kind == "encoder" else bombs(kind))):
        (tmp_path / name).write_bytes(content)
    cases = read_all(kind, tmp_path)
    check(cases, MOST_S, MOST_MEBIBYTES)
    tell(f"hostile {kind}", cases=len(cases), **Counter(case.ended for case in cases))
