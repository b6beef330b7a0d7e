from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spkret.store import places
from spkret.store.places import DamagedPlacesError, Places, joined

IDS = st.integers(0, 2**63 - 1)
ROWS = st.dictionaries(IDS, st.tuples(st.integers(0, 5_000), st.integers(0, 2**31)), min_size=1)


def made(rows: dict[int, tuple[int, int]]) -> Places:
    files, numbers = np.array([*rows.values()], np.int64).T
    kept = Places.of(["a", "b"], ["/r"], np.array([*rows], np.int64), joined(files, numbers))
    assert kept is not None
    return kept


def answers(kept: Places, ids: list[int]) -> dict[int, tuple[int, int]]:
    found = kept.find(np.array(ids, np.int64))
    assert np.all(found.ids[1:] > found.ids[:-1])
    where = zip(found.files.tolist(), found.rows.tolist(), strict=True)
    return dict(zip(found.ids.tolist(), where, strict=True))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_ROWS_A_BLOCK", 4)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, others=st.lists(IDS, max_size=5), data=st.data())
def test_places_are_those_of_a_dict(
    tmp_path: Path, rows: dict[int, tuple[int, int]], others: list[int], data: st.DataObject
) -> None:
    wanted = data.draw(st.lists(st.sampled_from([*rows, *others])))
    right = {id_: rows[id_] for id_ in wanted if id_ in rows}
    assert answers(made(rows), wanted) == right
    made(rows).write(tmp_path / "places")
    again = Places.read(tmp_path / "places")
    assert again is not None
    assert (again.files, again.roots) == (("a", "b"), ("/r",))
    assert answers(again, wanted) == right


def test_an_id_that_is_there_twice_makes_no_map() -> None:
    assert Places.of(["a"], ["/r"], np.array([7, 3, 7]), np.array([0, 1, 2])) is None


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_or_does_not_matter(tmp_path: Path, place: int, bit: int) -> None:
    rows = {id_ * 10**15: (id_ % 3, id_) for id_ in range(1, 23)}
    made(rows).write(tmp_path / "places")
    data = bytearray((tmp_path / "places").read_bytes())
    data[place % len(data)] ^= 1 << bit
    (tmp_path / "places").write_bytes(data)
    again = Places.read(tmp_path / "places")
    noticed = again is None
    for id_, where in rows.items():
        if again is None:
            break
        try:
            assert answers(again, [id_]) == {id_: where}
        except DamagedPlacesError:
            noticed = True
    assert noticed


@pytest.mark.parametrize("length", [0, 1, 11, 12, 100, -1, -13])
def test_a_file_cut_short_is_no_map(tmp_path: Path, length: int) -> None:
    made({id_: (0, id_) for id_ in range(20)}).write(tmp_path / "places")
    data = (tmp_path / "places").read_bytes()
    (tmp_path / "places").write_bytes(data[:length])
    assert Places.read(tmp_path / "places") is None


def test_a_lost_file_is_no_map(tmp_path: Path) -> None:
    assert Places.read(tmp_path / "places") is None
