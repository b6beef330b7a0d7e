"""Muon, its rates by layer, and the moving average of the weights."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from spkret.indexer.training.optimizer import Muon, optimizers, orthogonalise, set_rate
from spkret.indexer.training.state import moving_average


@pytest.mark.parametrize("shape", [(40, 90), (32, 96), (120, 33)])
def test_updates_are_nearly_orthogonal_and_keep_their_directions(shape: tuple[int, int]) -> None:
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    for matrix, got in zip(matrices, orthogonalise(matrices), strict=True):
        singular = torch.linalg.svdvals(got)
        assert 0.6 < singular.min() <= singular.max() < 1.3
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        exact = left @ right
        cosine = (got * exact).sum() / got.norm() / exact.norm()
        assert cosine > 0.97


def test_a_step_is_the_orthogonal_momentum_at_its_scale() -> None:
    weight = nn.Parameter(torch.randn(32, 8, 5, generator=torch.Generator().manual_seed(1)))
    before = weight.detach().clone()
    muon = Muon([{"params": [weight]}], rate=0.01, decay=0.5)
    gradients = torch.randn(2, 32, 8, 5, generator=torch.Generator().manual_seed(2))
    mean, expected = torch.zeros(32, 40), before.flatten(1)
    for gradient in gradients:
        weight.grad = gradient.clone()
        muon.step()
        mean = 0.95 * mean + 0.05 * gradient.flatten(1)
        nesterov = 0.05 * gradient.flatten(1) + 0.95 * mean
        update = orthogonalise(nesterov[None])[0]
        expected = (1 - 0.01 * 0.5) * expected - 0.01 * 0.2 * 40**0.5 * update
    assert_allclose(weight.detach().flatten(1), expected, atol=1e-5)


def test_every_parameter_learns_once_at_the_rate_of_its_layer() -> None:
    stages = [nn.Linear(64, 64), nn.BatchNorm1d(64), nn.Linear(64, 40)]
    loss = nn.Linear(40, 3)
    both = optimizers(stages, loss, 1.0, 0.0, layer_decay=0.5)
    set_rate(both, 0.2)
    rates = {
        id(parameter): group["lr"]
        for optimizer in both
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert sum(len(g["params"]) for o in both for g in o.param_groups) == len(rates) == 8
    assert [id(stages[0].weight), id(stages[2].weight)] == [
        id(p) for g in reversed(both[0].param_groups) for p in g["params"]
    ]
    for stage, expected in zip([*stages, loss], [0.05, 0.1, 0.2, 0.2], strict=True):
        assert [rates[id(p)] for p in stage.parameters()] == pytest.approx([expected] * 2)


def test_the_moving_average_is_what_it_says() -> None:
    network = nn.BatchNorm1d(3)
    average = moving_average(network, decay=0.5)
    expected = network.weight.detach().numpy().copy()
    rng = np.random.default_rng(0)
    for n in range(12):
        new = rng.standard_normal(3).astype(np.float32)
        with torch.no_grad():
            network.weight.copy_(torch.from_numpy(new))
            network.running_mean = torch.full((3,), float(n))
        average.update_parameters(network)
        kept = min(0.5, (1 + n) / (10 + n)) if n else 0.0
        expected = kept * expected + (1 - kept) * new
    weights = average.module.state_dict()
    assert_allclose(weights["weight"].numpy(), expected, rtol=1e-5)
    assert 9 < weights["running_mean"].mean() < 11
