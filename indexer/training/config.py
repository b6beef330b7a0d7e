"""What a run of training is: its recipe, its network, and where it writes."""

from dataclasses import dataclass, field
from pathlib import Path

from ..encoders.ecapa_tdnn import NetworkConfig
from ..encoders.trainable.base import Trainable
from .recipe import SCRATCH, Recipe


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A training run: where it writes, its recipe, and the network."""

    out: Path
    recipe: Recipe = SCRATCH
    network: Trainable = field(default_factory=NetworkConfig)
    seed: int = 1
    device: str = "cpu"
    compile: bool = False
    checkpoint_every: int = 500
