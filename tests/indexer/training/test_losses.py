"""Losses against their formulas in NumPy, and against values worked out by hand."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from spkret.commands import training as command
from spkret.errors import UsageError
from spkret.indexer.training import losses

Array = npt.NDArray[np.float64]


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Ten embeddings of four classes, one of which has a single crop."""
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    return torch.randn(10, 5, generator=torch.Generator().manual_seed(seed)), labels


def unit(rows: torch.Tensor) -> Array:
    values = rows.detach().double().numpy()
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True))


def loss_of(cosine_angle: float, margin: float) -> float:
    """The loss of one embedding at an angle to its class, the other class at a right angle."""
    loss = losses.AamSoftmax(3, 2, scale=10.0)
    with torch.no_grad():
        loss.weight.copy_(torch.eye(3)[:2])
    embedding = torch.tensor([[np.cos(cosine_angle), 0.0, np.sin(cosine_angle)]]) * 7
    return float(loss(embedding.float(), torch.tensor([0]), margin).item())


@pytest.mark.parametrize(("angle", "margin"), [(0.3, 0.0), (0.3, 0.2), (1.2, 0.5), (2.5, 0.2)])
def test_the_margin_is_an_angle(angle: float, margin: float) -> None:
    true, other = 10 * np.cos(angle + margin), 0.0
    assert loss_of(angle, margin) == pytest.approx(np.log1p(np.exp(other - true)), abs=1e-4)


def test_the_loss_never_falls_as_the_angle_grows() -> None:
    values = [loss_of(angle, 0.5) for angle in np.linspace(0.01, np.pi - 0.01, 60)]
    assert np.all(np.diff(values) >= -1e-5)


def test_the_nearest_centre_of_a_class_counts() -> None:
    embeddings, labels = batch()
    loss = losses.AamSoftmax(5, 4, subcentres=3, scale=8.0)
    centres = unit(loss.weight).reshape(4, 3, 5)
    angles = np.arccos(np.einsum("bd,ckd->bck", unit(embeddings), centres).max(axis=2))
    angles[np.arange(10), labels] += 0.1
    logits = 8.0 * np.cos(angles)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(shares[np.arange(10), labels]).mean()
    assert loss(embeddings, labels, 0.1).item() == pytest.approx(expected, abs=1e-4)


def test_the_angular_loss_has_no_margin() -> None:
    embeddings, labels = batch()
    angular, aam = losses.AngularSoftmax(5, 4), losses.AamSoftmax(5, 4)
    aam.load_state_dict(angular.state_dict())
    assert angular(embeddings, labels, 0.5) == aam(embeddings, labels, 0.0)


def test_softmax_is_the_cross_entropy_of_a_linear_layer() -> None:
    embeddings, labels = batch()
    loss = losses.Softmax(5, 4)
    weight, bias = (p.detach().double().numpy() for p in loss.parameters())
    logits = embeddings.double().numpy() @ weight.T + bias
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(10), labels]
    assert loss(embeddings, labels, 0.3).item() == pytest.approx(expected.mean(), abs=1e-5)


def test_triplets_compare_the_hardest_of_each_kind() -> None:
    embeddings, labels = batch()
    points, names = unit(embeddings), labels.numpy()
    terms = []
    for i, name in enumerate(names):
        distances = np.linalg.norm(points - points[i], axis=1)
        same = (names == name) & (np.arange(len(names)) != i)
        if same.any():
            excess = 0.2 + distances[same].max() - distances[names != name].min()
            terms.append(np.log1p(np.exp(10 * excess)) / 10)
    assert len(terms) == 9
    got = losses.Triplet()(embeddings, labels, 0.2).item()
    assert got == pytest.approx(np.mean(terms), abs=1e-4)


def test_contrast_is_the_mean_over_positives() -> None:
    embeddings, labels = batch()
    points, names = unit(embeddings), labels.numpy()
    terms = []
    for i, name in enumerate(names):
        others = np.arange(len(names)) != i
        exponents = np.exp(points @ points[i] / 0.1)
        same = (names == name) & others
        if same.any():
            terms.append(-np.log(exponents[same] / exponents[others].sum()).mean())
    got = losses.SupCon()(embeddings, labels, 0.2).item()
    assert got == pytest.approx(np.mean(terms), rel=1e-4)


@pytest.mark.parametrize("loss", [losses.Triplet(), losses.SupCon()])
def test_a_batch_without_pairs_has_no_loss_and_a_gradient(loss: torch.nn.Module) -> None:
    embeddings = torch.randn(3, 4, requires_grad=True)
    value = loss(embeddings, torch.arange(3), 0.2)
    value.backward()
    assert value.item() == 0.0
    assert embeddings.grad is not None
    assert torch.isfinite(embeddings.grad).all()


@pytest.mark.parametrize("loss", [losses.Triplet(), losses.SupCon()])
def test_gradients_are_finite_for_twins(loss: torch.nn.Module) -> None:
    embeddings = torch.ones(4, 4, requires_grad=True)
    loss(embeddings, torch.tensor([0, 0, 1, 1]), 0.2).backward()
    assert embeddings.grad is not None
    assert torch.isfinite(embeddings.grad).all()


def test_the_command_line_offers_every_loss() -> None:
    assert tuple(losses.LOSSES) == command.LOSSES
    assert {name for name, kind in losses.LOSSES.items() if kind.pairs} == set(command.PAIR_LOSSES)


@pytest.mark.parametrize(
    ("name", "subcentres", "message"), [("hinge", 1, "one of the losses"), ("supcon", 3, "aam or")]
)
def test_losses_that_are_not_there_are_refused(name: str, subcentres: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        losses.build(name, 5, 4, subcentres)
