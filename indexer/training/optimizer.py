"""Muon for the weight matrices, AdamW for everything else."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
LEAST_SIDE = 32
MOMENTUM = 0.95


class Muon(torch.optim.Optimizer):
    """Momentum whose update of every matrix is made orthogonal.

    Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks", scaled by
    0.2 · sqrt(longer side) so that AdamW's rates fit (Liu et al. 2025, "Muon is scalable for LLM
    training"). A convolution (out, in, taps) counts as the matrix (out, in · taps), which
    `torch.optim.Muon` does not take; matrices of one shape are orthogonalised together.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], rate: float, decay: float) -> None:
        super().__init__(groups, {"lr": rate, "weight_decay": decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Take one step along the gradients."""
        for group in self.param_groups:
            shapes = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes[parameter.flatten(1).shape].append(parameter)
            for shape, parameters in shapes.items():
                updates = orthogonalise(torch.stack([self._momentum(p) for p in parameters]))
                rate = group["lr"] * 0.2 * max(shape) ** 0.5
                for parameter, update in zip(parameters, updates, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update.view_as(parameter), alpha=-rate)

    def _momentum(self, parameter: nn.Parameter) -> Tensor:
        """Nesterov's momentum of a parameter, as a matrix."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None  # noqa: S101 - `step` has looked
        mean: Tensor = state.setdefault("mean", torch.zeros_like(gradient))
        mean.lerp_(gradient, 1 - MOMENTUM)
        matrix: Tensor = gradient.lerp(mean, MOMENTUM).flatten(1)
        return matrix


def orthogonalise(matrices: Tensor) -> Tensor:
    """Matrices (n, rows, columns) to nearly orthogonal ones: singular values between 0.7 and 1.2.

    Newton and Schulz's iteration with Jordan's coefficients, in bfloat16.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = (matrices.mT if tall else matrices).bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    upright: Tensor = x.mT if tall else x
    return upright.float()


def optimizers(
    stages: Sequence[nn.Module], loss: nn.Module, rate: float, decay: float, layer_decay: float
) -> list[torch.optim.Optimizer]:
    """Muon for the network's matrices of 32 rows and columns or more, AdamW for the others.

    Parameters
    ----------
    stages : the parts of the network from the bottom to the top
    loss : learns at the full rate, as the top stage does
    rate, decay : the highest learning rate, and AdamW's and Muon's weight decay
    layer_decay : what the rate of a stage is multiplied by for the stage below it (Howard and Ruder
        2018, "Universal language model fine-tuning"); its group keeps the product as `scale`
    """
    matrices, others = [], [{"params": list(loss.parameters()), "scale": 1.0}]
    for depth, stage in enumerate(reversed(stages)):
        scale = layer_decay**depth
        large = [p for p in stage.parameters() if p.ndim > 1 and min(p.shape[:2]) >= LEAST_SIDE]
        chosen = set(map(id, large))
        small = [p for p in stage.parameters() if id(p) not in chosen]
        matrices.append({"params": large, "scale": scale})
        others.append({"params": small, "scale": scale})
    return [
        Muon(matrices, rate, decay),
        torch.optim.AdamW(others, rate, weight_decay=decay, fused=True),
    ]


def set_rate(optimizers: Sequence[torch.optim.Optimizer], rate: float) -> None:
    """Set the learning rate of every group: the product with its `scale`."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate * group["scale"]
