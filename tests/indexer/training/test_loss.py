"""AAM-softmax against its formula."""

import numpy as np
import pytest
import torch

from spkret.indexer.training.loss import AamSoftmax


def loss_of(cosine_angle: float, margin: float) -> float:
    """The loss of one embedding at an angle to its class, the other class at a right angle."""
    loss = AamSoftmax(3, 2, scale=10.0)
    with torch.no_grad():
        loss.weight.copy_(torch.eye(3)[:2])
    embedding = torch.tensor([[np.cos(cosine_angle), 0.0, np.sin(cosine_angle)]]) * 7
    return float(loss(embedding.float(), torch.tensor([0]), margin).item())


@pytest.mark.parametrize(("angle", "margin"), [(0.3, 0.0), (0.3, 0.2), (1.2, 0.5), (2.5, 0.2)])
def test_the_margin_is_an_angle(angle: float, margin: float) -> None:
    true, other = 10 * np.cos(angle + margin), 0.0
    assert loss_of(angle, margin) == pytest.approx(np.log1p(np.exp(other - true)), abs=1e-4)


def test_the_loss_never_falls_as_the_angle_grows() -> None:
    losses = [loss_of(angle, 0.5) for angle in np.linspace(0.01, np.pi - 0.01, 60)]
    assert np.all(np.diff(losses) >= -1e-5)
