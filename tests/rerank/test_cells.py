import numpy as np
import pytest

from spkret.rerank.cells import GROUP_CONDITIONS, PAIR_CELLS, group_conditions, pair_cells
from spkret.rerank.features import NAMES, Features
from spkret.retrieval.groups import Groups


def features_of(rows: int, **columns: list[float]) -> Features:
    matrix = np.full((rows, len(NAMES)), np.nan, np.float32)
    for name, values in columns.items():
        matrix[:, NAMES.index(name)] = values
    return Features(matrix)


def test_a_pair_is_in_one_noise_cell_whatever_its_order() -> None:
    nan = np.nan
    features = features_of(
        4,
        anchor_noise=[0.0, 2.0, nan, nan],
        candidate_noise=[2.0, 0.0, 1.0, nan],
        same_language=[1.0, 0.0, nan, 1.0],
    )
    cells = pair_cells(features)
    named = [
        {PAIR_CELLS[column] for column in np.flatnonzero(row)} for row in cells.matrix.tolist()
    ]
    assert named == [
        {"communication+clean", "same_language"},
        {"communication+clean", "other_language"},
        {"background+unknown"},
        {"unknown+unknown", "same_language"},
    ]


def test_a_group_is_described_by_means_of_what_is_known() -> None:
    features = features_of(
        3,
        snr_min=[10.0, np.nan, 20.0],
        anchor_noise=[2.0, 2.0, 2.0],
        candidate_noise=[2.0, 1.0, np.nan],
    )
    found = group_conditions(features, Groups.of([0, 0], [[1, 2], [3]]))
    known = dict(zip(GROUP_CONDITIONS, found.matrix.T, strict=True))
    np.testing.assert_array_equal(known["snr_min"], [10.0, 20.0])
    np.testing.assert_array_equal(known["anchor_noise_clean"], [1.0, 1.0])
    np.testing.assert_array_equal(known["candidate_noise_background"], [0.5, np.nan])
    assert np.isnan(known["speech_min"]).all()


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [3, 2, 1, 0]])
def test_conditions_do_not_depend_on_the_order_of_candidates(order: list[int]) -> None:
    matrix = np.random.default_rng(0).random((4, len(NAMES))).astype(np.float32)
    groups = Groups.of([0], [[1, 2, 3, 4]])
    first, second = (group_conditions(Features(m), groups) for m in (matrix, matrix[order]))
    np.testing.assert_allclose(first.matrix, second.matrix, rtol=1e-6)
