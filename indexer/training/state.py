"""All that a run of training changes, and that its checkpoint holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from ...errors import EncoderError
from ..encoders.trainable.base import Voice
from .stopping import Best

Tensors = tuple[Tensor, ...] | list[Tensor]


@dataclass(slots=True)
class State:
    """The network that learns, the moving average of it that is kept, and where the run is.

    `seconds` are those that the run took up to its last checkpoint.
    """

    network: Voice
    average: AveragedModel
    loss: nn.Module
    optimizers: Sequence[torch.optim.Optimizer]
    rng: np.random.Generator
    step: int = 0
    seconds: float = 0.0
    best: Best = field(default_factory=Best)

    def dump(self) -> dict[str, Any]:
        """The state as tensors and plain values."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "loss": self.loss.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "rng": _rng_words(self.rng),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best.dump(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up a dumped state; an EncoderError if it is of another run."""
        try:
            self.network.load_state_dict(saved["network"])
            self.average.load_state_dict(saved["average"])
            self.loss.load_state_dict(saved["loss"])
            for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
                optimizer.load_state_dict(state)
            self.best, self.seconds = Best(**saved["best"]), saved["seconds"]
        except (RuntimeError, KeyError, ValueError) as error:
            raise EncoderError(
                "expected the checkpoint of this run, got one of another network, of other speakers"
                " or options; use another --out, or remove its folder `training`"
            ) from error
        words = {name: int(word) for name, word in saved["rng"].items()}
        self.rng.bit_generator.state = {**self.rng.bit_generator.state, "state": words}
        self.step = saved["step"]


def moving_average(network: nn.Module, decay: float) -> AveragedModel:
    """An average of the weights and statistics of a network that forgets by `decay` a step.

    It follows faster at first: by (1 + n) / (10 + n) at update n, while that is less.
    """

    def follow(averages: Tensors, currents: Tensors, count: Tensor | int) -> None:
        kept = min(decay, float((1 + count) / (10 + count)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, currents, 1 - kept)
        else:
            torch._foreach_copy_(averages, currents)

    return AveragedModel(network, multi_avg_fn=follow, use_buffers=True)


def _rng_words(rng: np.random.Generator) -> dict[str, str]:
    """The two 128-bit words of the generator, as text since they exceed a tensor's integers."""
    return {name: str(word) for name, word in rng.bit_generator.state["state"].items()}
