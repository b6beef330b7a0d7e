"""Additive angular margin softmax over training speakers."""

import math

import torch
from torch import Tensor, nn


class AamSoftmax(nn.Module):
    """Cross-entropy of scaled cosines, the true class made harder by an angle.

    loss = -log softmax(s · cos(θ_y + m)) (Deng et al. 2019, "ArcFace"). Where θ + m would pass π,
    the cosine is lowered by m · sin(m) instead, so that the loss stays monotone in θ.
    """

    def __init__(self, dimension: int, speakers: int, scale: float = 30.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(speakers, dimension))
        nn.init.xavier_normal_(self.weight)
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
        """The mean loss of embeddings (batch, dim), labels int64 (batch,), a margin in radians."""
        cosines = nn.functional.linear(
            nn.functional.normalize(embeddings.float()), nn.functional.normalize(self.weight)
        )
        true = cosines.gather(1, labels[:, None])
        harder = self._add_angle(true, margin)
        logits = cosines.scatter(1, labels[:, None], harder)
        return nn.functional.cross_entropy(self.scale * logits, labels)

    @staticmethod
    def _add_angle(cosine: Tensor, margin: float) -> Tensor:
        sine = (1 - cosine.square()).clamp(min=1e-7).sqrt()
        turned = cosine * math.cos(margin) - sine * math.sin(margin)
        return torch.where(cosine > -math.cos(margin), turned, cosine - margin * math.sin(margin))
