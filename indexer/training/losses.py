"""What training makes small, given embeddings, labels and a margin.

A loss is a module whose forward takes embeddings (batch, dim), labels int64 (batch,) and a margin,
and gives the mean loss. Those that compare crops with each other (`pairs`) have no weights, and
need several crops of a class in a batch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import UsageError


class AamSoftmax(nn.Module):
    """Cross-entropy of scaled cosines to class centres, the true class made harder by an angle.

    loss = -log softmax(s · cos(θ_y + m)) (Deng et al. 2019, "ArcFace"). Where θ + m would pass π,
    the cosine is lowered by m · sin(m) instead, so that the loss stays monotone in θ. With several
    centres a class, the nearest one counts (Deng et al. 2020, "Sub-center ArcFace"): crops with a
    wrong label gather at another centre than the others. Row c · subcentres + k of `weight` is
    centre k of class c.
    """

    def __init__(
        self, dimension: int, classes: int, subcentres: int = 1, scale: float = 30.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes * subcentres, dimension))
        nn.init.xavier_normal_(self.weight)
        self.scale, self.subcentres = scale, subcentres

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
        """The mean loss; the margin is in radians."""
        cosines = nn.functional.linear(
            nn.functional.normalize(embeddings.float()), nn.functional.normalize(self.weight)
        )
        if self.subcentres > 1:
            cosines = cosines.view(len(labels), -1, self.subcentres).amax(dim=2)
        true = cosines.gather(1, labels[:, None])
        harder = self._add_angle(true, margin)
        logits = cosines.scatter(1, labels[:, None], harder)
        return nn.functional.cross_entropy(self.scale * logits, labels)

    @staticmethod
    def _add_angle(cosine: Tensor, margin: float) -> Tensor:
        sine = (1 - cosine.square()).clamp(min=1e-7).sqrt()
        turned = cosine * math.cos(margin) - sine * math.sin(margin)
        return torch.where(cosine > -math.cos(margin), turned, cosine - margin * math.sin(margin))


class AngularSoftmax(AamSoftmax):
    """Cross-entropy of scaled cosines without a margin."""

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:  # noqa: ARG002
        """The mean loss; the margin is left out."""
        return super().forward(embeddings, labels, 0.0)


class Softmax(nn.Module):
    """Plain cross-entropy behind a linear layer, as of x-vectors."""

    def __init__(self, dimension: int, classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(dimension, classes)

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:  # noqa: ARG002
        """The mean loss; the margin is left out."""
        return nn.functional.cross_entropy(self.classifier(embeddings.float()), labels)


class Triplet(nn.Module):
    """Each crop's farthest of its class should be nearer than its nearest of any other.

    softplus(s · (m + d⁺ - d⁻)) / s on Euclidean distances of unit embeddings (Hermans et al. 2017,
    "In defense of the triplet loss", batch hard, with its soft margin, which does not reward
    embeddings that all collapse to one point). Crops without a positive or a negative are left out.
    """

    def __init__(self, scale: float = 10.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
        """The mean loss; the margin is a distance."""
        unit = nn.functional.normalize(embeddings.float())
        distances = (2 - 2 * unit @ unit.T).clamp(min=1e-6).sqrt()
        positive, negative = _pairs(labels)
        farthest = distances.where(positive, distances.new_tensor(-math.inf)).amax(dim=1)
        nearest = distances.where(negative, distances.new_tensor(math.inf)).amin(dim=1)
        usable = positive.any(dim=1) & negative.any(dim=1)
        excess = self.scale * (margin + farthest - nearest)[usable]
        return nn.functional.softplus(excess).sum() / self.scale / max(1, len(excess))


class SupCon(nn.Module):
    """Every crop of the same class should stand out from all other crops of the batch.

    The mean over positives p of -log softmax over the others of cos / τ (Khosla et al. 2020,
    "Supervised contrastive learning", equation 2). Crops without a positive are left out.
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:  # noqa: ARG002
        """The mean loss; the margin is left out."""
        unit = nn.functional.normalize(embeddings.float())
        itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
        logits = (unit @ unit.T / self.temperature).masked_fill(itself, -math.inf)
        positive, _ = _pairs(labels)
        log_shares = logits.log_softmax(dim=1).masked_fill(~positive, 0.0).sum(dim=1)
        counts = positive.sum(dim=1)
        usable = counts > 0
        return -(log_shares[usable] / counts[usable]).sum() / max(1, int(usable.sum()))


@dataclass(frozen=True, slots=True)
class Kind:
    """A loss by its name: how it is built, of (dimension, classes, sub-centres), and its needs."""

    build: Callable[[int, int, int], nn.Module]
    title: str
    pairs: bool = False
    subcentres: bool = False
    margin: bool = True


LOSSES = {
    "aam": Kind(AamSoftmax, "AAM-softmax", subcentres=True),
    "softmax": Kind(lambda d, n, _: Softmax(d, n), "softmax cross-entropy", margin=False),
    "angular": Kind(AngularSoftmax, "angular softmax", subcentres=True, margin=False),
    "triplet": Kind(lambda *_: Triplet(), "batch-hard triplets", pairs=True),
    "supcon": Kind(lambda *_: SupCon(), "supervised contrast", pairs=True, margin=False),
}


def build(name: str, dimension: int, classes: int, subcentres: int = 1) -> nn.Module:
    """A loss by its name.

    Raises
    ------
    UsageError
        There is no such loss, or it has no sub-centres.
    """
    kind = LOSSES.get(name)
    if kind is None:
        raise UsageError(f"expected one of the losses {', '.join(LOSSES)}, got {name!r}")
    if subcentres > 1 and not kind.subcentres:
        able = [other for other in LOSSES if LOSSES[other].subcentres]
        raise UsageError(f"expected {' or '.join(able)} for sub-centres, got the loss {name!r}")
    return kind.build(dimension, classes, subcentres)


def _pairs(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which crops (batch, batch) are another of the same class, and which of another class."""
    same = labels[:, None] == labels
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return same & ~itself, ~same
