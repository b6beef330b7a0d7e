import numpy as np
import pytest

from spkret.errors import UsageError
from spkret.retrieval.groups import Groups


@pytest.fixture
def groups() -> Groups:
    return Groups.of([7, 8], [[1, 2, 3], [4, 5]])


def test_sizes_owners_and_spread(groups: Groups) -> None:
    assert groups.sizes.tolist() == [3, 2]
    assert groups.owners.tolist() == [0, 0, 0, 1, 1]
    assert groups.anchor_rows.tolist() == [7, 7, 7, 8, 8]
    assert groups.spread(np.array([0.5, 1.5])).tolist() == [0.5, 0.5, 0.5, 1.5, 1.5]


def test_sum_max_and_order(groups: Groups) -> None:
    values = np.array([1.0, 3.0, 2.0, 4.0, 5.0])
    assert groups.sum(values).tolist() == [6.0, 9.0]
    assert groups.sum(values > 2).tolist() == [1.0, 2.0]
    assert groups.max(values).tolist() == [3.0, 5.0]
    assert groups.order(values).tolist() == [1, 2, 0, 4, 3]


def test_take_positions_and_without(groups: Groups) -> None:
    taken = groups.take(np.array([1, 0]))
    assert taken.anchors.tolist() == [8, 7]
    assert taken.candidates.tolist() == [4, 5, 1, 2, 3]
    assert groups.positions(np.array([1, 0])).tolist() == [3, 4, 0, 1, 2]
    assert groups.flags(np.array([1, 3])).tolist() == [False, True, False, True, False]
    left = groups.without(np.array([1, 3]))
    assert left.candidates.tolist() == [1, 3, 5]
    assert left.offsets.tolist() == [0, 2, 3]


def test_empty_group_is_refused() -> None:
    with pytest.raises(UsageError, match="non-empty group"):
        Groups.of([1, 2], [[3], []])
    with pytest.raises(UsageError, match="non-empty group"):
        Groups(np.array([1]), np.array([2, 3]), np.array([0, 1]))
