"""The contract of networks that are trained: sizes as plain data, a front end, a voice.

A front end gives log-mel energies in nepers, whatever units the network was first trained in, and
normalises nothing: crops are distorted, sped up and cut on that scale, and the network normalises
what is left.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn


class FrontEnd(Protocol):
    """A front end as plain sizes; `hop` in samples, `floor_nepers` the least energy there is."""

    @property
    def mels(self) -> int: ...  # noqa: D102 - the class says it
    @property
    def hop(self) -> int: ...  # noqa: D102
    @property
    def floor_nepers(self) -> float: ...  # noqa: D102

    def centres_hz(self) -> npt.NDArray[np.float64]:
        """The centre of each mel band (mels,) in hertz."""

    def module(self) -> nn.Module:
        """Waveforms (batch, samples) to energies (batch, frames, mels), and exports to ONNX."""


class Voice(nn.Module, ABC):
    """What gradients train: energies (batch, frames, mels) to voices (batch, voice)."""

    @abstractmethod
    def stages(self) -> Sequence[nn.Module]:
        """Its parts from the bottom to the top; all its parameters are in precisely one."""


class TrainedNetwork(nn.Module):
    """Energies (batch, frames, mels) to embeddings (batch, dimension): here the voice alone."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self.voice = voice

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length."""
        embeddings: Tensor = self.voice(features)
        return embeddings


class Trainable(Protocol):
    """A network and its front end, as a frozen dataclass of plain sizes."""

    family: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def frontend(self) -> FrontEnd:
        """The front end."""

    @property
    def voice(self) -> int:
        """The dimension of the voice."""

    @property
    def dimension(self) -> int:
        """The dimension of an embedding."""

    @property
    def parts(self) -> tuple[int, ...]:
        """The dimensions of the parts that an embedding is a concatenation of."""

    def build(self) -> TrainedNetwork:
        """The network with random weights."""


class WaveformNetwork(nn.Module):
    """Front end and network in one: waveforms (batch, samples) to embeddings (batch, dim)."""

    def __init__(self, config: Trainable) -> None:
        super().__init__()
        self.frontend = config.frontend.module()
        self.network = config.build()

    def forward(self, waveforms: Tensor) -> Tensor:
        """Embed waveforms float32 of one length."""
        embeddings: Tensor = self.network(self.frontend(waveforms))
        return embeddings
