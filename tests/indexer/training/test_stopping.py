"""The best state is kept, and the wait for a better one is counted."""

import math

import pytest
import torch
from torch import nn

from spkret.indexer.training.dev import DevResult
from spkret.indexer.training.stopping import Best, blend


def test_it_keeps_the_best_and_counts_since() -> None:
    best, network = Best(), nn.Linear(2, 1)
    figures = [(0.5, 0.30), (0.6, 0.25), (0.6, 0.25), (0.55, 0.25), (0.62, 0.30)]
    weights = []
    for step, (top1, eer) in enumerate(figures):
        nn.init.normal_(network.weight)
        weights.append(network.weight.detach().clone())
        best.see(DevResult(eer, top1, cells=1), step, network)
    assert (best.step, best.stale) == (1, 3)
    assert best.goodness == pytest.approx(0.35)
    torch.testing.assert_close(best.weights["weight"], weights[1])
    best.see(DevResult(math.nan, math.nan, cells=0), 9, network)
    assert best.stale == 3


def test_it_survives_a_checkpoint() -> None:
    best = Best()
    best.see(DevResult(0.1, 0.9, cells=1), 7, nn.Linear(2, 1))
    assert Best(**best.dump()) == best


def test_a_blend_is_on_the_line_between() -> None:
    tuned = {"weight": torch.tensor([1.0, 2.0]), "count": torch.tensor(5)}
    initial = {"weight": torch.tensor([3.0, -2.0]), "count": torch.tensor(0)}
    got = blend(tuned, initial, 0.25)
    assert got["weight"].tolist() == [1.5, 1.0]
    assert got["count"].item() == 5
