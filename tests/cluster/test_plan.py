from hypothesis import given
from hypothesis import strategies as st

from spkret.cluster.plan import Plan, assign
from spkret.store.reading import DataFile, Snapshot
from spkret.store.recordings import Cell
from spkret.store.schema import RECORDINGS_SCHEMA


def snapshot(sizes: dict[tuple[str, str], list[int]]) -> Snapshot:
    files = [
        DataFile(f"/store/{'-'.join(cell)}-{number}.parquet", size, cell)
        for cell, parts in sizes.items()
        for number, size in enumerate(parts)
    ]
    return Snapshot(7, files, RECORDINGS_SCHEMA, ("language", "noise"))


SIZES = {("de", "clean"): [30], ("en", "clean"): [20, 50], ("en", "unknown"): [50]}


def test_the_largest_go_first_to_the_lightest() -> None:
    plan = Plan.of(snapshot(SIZES), [(), ()])
    assert plan.version == 7
    assert plan.worker_of == {("en", "clean"): 0, ("en", "unknown"): 1, ("de", "clean"): 1}
    assert plan.files["en", "clean"] == ("en-clean-0.parquet", "en-clean-1.parquet")


def test_what_is_held_stays_where_it_is() -> None:
    held = [[("de", "clean"), ("fr", "clean")], [("de", "clean"), ("en", "unknown")]]
    plan = Plan.of(snapshot(SIZES), held)
    assert plan.worker_of == {("de", "clean"): 0, ("en", "unknown"): 1, ("en", "clean"): 0}
    assert plan.part(1) == {("en", "unknown"): ("en-unknown-0.parquet",)}


def test_partitions_are_shared_by_filter() -> None:
    plan = Plan.of(snapshot(SIZES), [(), ()])
    assert plan.cells(None, "clean") == [("de", "clean"), ("en", "clean")]
    assert plan.cells("en", "unknown") == [("en", "unknown")]
    assert plan.cells("fr", None) == []
    assert plan.shared(plan.cells("en", None)) == {0: [("en", "clean")], 1: [("en", "unknown")]}


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=40), st.integers(1, 8))
def test_the_fullest_worker_has_little_more_than_its_share(sizes: list[int], count: int) -> None:
    cells: dict[Cell, int] = {("xx", str(number)): size for number, size in enumerate(sizes)}
    worker_of = assign(cells, [()] * count)
    loads = [0] * count
    for cell, worker in worker_of.items():
        loads[worker] += cells[cell]
    assert worker_of.keys() == cells.keys()
    assert max(loads) <= sum(sizes) / count + max(sizes)
