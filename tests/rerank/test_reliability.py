import numpy as np
import pytest

from spkret.rerank.evaluation import Evaluation
from spkret.rerank.ranker import Reranker
from spkret.rerank.reliability import Chances, calibration_figures
from spkret.retrieval.groups import Groups

GROUPS = Groups.of([0, 0], [[1, 2], [3, 4]])
MATCHES = np.array([0, 3])


def test_figures_by_hand() -> None:
    chances = Chances(
        np.array([0.9, 0.1, 0.6, 0.4]),
        np.array([2.0, -1.0, 0.0, 0.0]),
        none_closed=np.array([0.2, 0.5]),
        none_opened=np.array([0.8, 0.5]),
    )
    found = calibration_figures(chances, GROUPS, MATCHES)
    assert found.ece == pytest.approx((0.1 + 0.6) / 2)
    assert found.brier == pytest.approx((0.1**2 + 0.6**2) / 2)
    logs = np.log2(1 + np.exp([-2.0, 0.0])).mean() + np.log2(1 + np.exp([-1.0, 0.0])).mean()
    assert found.cllr == pytest.approx(logs / 2)
    assert found.none is not None
    assert found.none.records == 2
    assert found.none.roc_area == pytest.approx(3.5 / 4)
    assert found.none.brier == pytest.approx((0.04 + 0.25 + 0.04 + 0.25) / 4)
    odds = np.log([4.0, 1.0])
    assert found.none.cllr == pytest.approx(np.log2(1 + np.exp(-odds)).mean())
    assert sum(one.count for one in found.none.bins) == 4


def test_without_opened_groups_nothing_is_said_of_none() -> None:
    chances = Chances(np.array([0.9, 0.1, 0.6, 0.4]), np.zeros(4), np.empty(0), np.empty(0))
    assert calibration_figures(chances, GROUPS, MATCHES).none is None


def test_a_trained_reranker_is_calibrated_in_cross_validation(
    trained: tuple[Reranker, Evaluation],
) -> None:
    found = trained[1].calibration
    assert found.ece is not None
    assert found.cllr is not None
    assert found.none is not None
    assert found.ece < 0.1
    assert found.cllr < 0.9
    assert found.none.roc_area > 0.6
    assert found.none.cllr < 1.0
