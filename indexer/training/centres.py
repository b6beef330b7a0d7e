"""Class centres to start from, when the network already tells voices apart."""

import numpy as np
import torch
from torch import nn

from .batches import Source
from .losses import AamSoftmax

CROPS_A_CLASS = 8
MOST_BATCHES = 100


def place(
    loss: nn.Module, network: nn.Module, source: Source, batch: int, frames: int, seed: int
) -> None:
    """Put every class's centres at the mean of what the network says of some of its crops.

    From random centres the first steps would pull a trained network apart (Kumar et al. 2022,
    "Fine-tuning can distort pretrained features"). Losses without centres, and classes that were
    not drawn, are left as they are.
    """
    if not isinstance(loss, AamSoftmax):
        return
    rng, device = np.random.default_rng(seed), loss.weight.device
    sums = torch.zeros(source.classes, loss.weight.shape[1], device=device)
    network.eval()
    for _ in range(min(MOST_BATCHES, -(-CROPS_A_CLASS * source.classes // batch))):
        crops, labels = source.draw(batch, frames, rng)
        with torch.no_grad():
            embeddings = network(torch.from_numpy(crops).to(device)).float()
        unit = nn.functional.normalize(embeddings)
        sums.index_add_(0, torch.from_numpy(labels).to(device), unit)
    network.train()
    drawn = sums.norm(dim=1) > 0
    repeated = drawn.repeat_interleave(loss.subcentres)
    centres = nn.functional.normalize(sums).repeat_interleave(loss.subcentres, dim=0)
    with torch.no_grad():
        spread = 0.1 * nn.functional.normalize(loss.weight) if loss.subcentres > 1 else 0.0
        loss.weight[repeated] = (centres + spread)[repeated]
