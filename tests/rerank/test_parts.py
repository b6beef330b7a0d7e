import numpy as np
import pytest

from spkret.rerank.parts import part_features
from spkret.retrieval.groups import Groups

GROUPS = Groups.of([0], [[1, 2]])
EMBEDDINGS = np.array(
    [[0.6, 0.0, 0.8, 0.0], [0.0, 0.6, 0.8, 0.0], [0.5, 0.5, 0.5, -0.5]], np.float32
)


def test_parts_by_hand() -> None:
    columns = part_features(EMBEDDINGS, EMBEDDINGS, GROUPS, (2, 2))
    half = 0.5**0.5
    expected = {
        "part1": [0, half],
        "part1_lead": [-half, half],
        "part1_z": [-1, 1],
        "part1_length_min": [0.6, 0.6],
        "part1_length_max": [0.6, half],
        "part2": [1, half],
        "part2_length_min": [0.8, half],
    }
    for name, values in expected.items():
        assert columns[name] == pytest.approx(values, abs=1e-6), name


def test_a_part_that_is_not_there_is_unknown() -> None:
    columns = part_features(EMBEDDINGS, EMBEDDINGS, GROUPS, (3, 1))
    assert not np.isnan(columns["part2"]).any()
    assert all(np.isnan(values).all() for name, values in columns.items() if "part3" in name)
    whole = part_features(EMBEDDINGS, EMBEDDINGS, GROUPS, ())
    assert all(np.isnan(values).all() for values in whole.values())


def test_parts_past_the_third_are_left_out() -> None:
    columns = part_features(EMBEDDINGS, EMBEDDINGS, GROUPS, (1, 1, 1, 1))
    assert {name.split("_")[0] for name in columns} == {"part1", "part2", "part3"}
