"""Several ECAPA-TDNNs that hear one front end, as one network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..ecapa_tdnn import Network, NetworkConfig, VoiceNetwork
from ..ecapa_tdnn import from_plain as network_from_plain
from ..frontend import FrontEndConfig
from .base import Voice


@dataclass(frozen=True, slots=True)
class FusedConfig:
    """Networks of one front end; `shares` are the squared lengths of their voices, and sum to 1."""

    networks: tuple[NetworkConfig, ...]
    shares: tuple[float, ...]
    colour: int = 64
    family: ClassVar[str] = "ecapa-fused"

    @property
    def frontend(self) -> FrontEndConfig:
        """The front end that all of them hear."""
        return self.networks[0].frontend

    @property
    def voice(self) -> int:
        """The dimension of all voices together."""
        return sum(network.voice for network in self.networks)

    @property
    def dimension(self) -> int:
        """The dimension of an embedding."""
        return self.voice + self.colour

    @property
    def parts(self) -> tuple[int, ...]:
        """The dimensions of each network's voice and of the colour."""
        return (*(network.voice for network in self.networks), self.colour)

    def build(self) -> Network:
        """The network with random weights."""
        return Network(FusedVoice(self), self.frontend.mels, self.colour)


class FusedVoice(Voice):
    """The voices of several networks, side by side.

    Each is brought to its share of the length, so that the cosine of two embeddings is the mean of
    the networks' cosines, weighed by the shares. The length of the whole is that of the networks'
    own voices in the mean.
    """

    def __init__(self, config: FusedConfig) -> None:
        super().__init__()
        self.voices = nn.ModuleList(VoiceNetwork(network) for network in config.networks)
        self.lengths = [share**0.5 for share in config.shares]

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length."""
        voices = [voice(features).float() for voice in self.voices]
        norms = [voice.norm(dim=1, keepdim=True) for voice in voices]
        size = torch.stack(norms).mean(dim=0)
        parts = [
            voice * (length * size / norm)
            for voice, norm, length in zip(voices, norms, self.lengths, strict=True)
        ]
        return torch.cat(parts, dim=1)

    def stages(self) -> Sequence[nn.Module]:
        """The stages of all networks, those as far from the top together."""
        ladders = [list(reversed(voice.stages())) for voice in self.voices]  # type: ignore[operator]
        height = max(map(len, ladders))
        return [
            nn.ModuleList(ladder[level] for ladder in ladders if level < len(ladder))
            for level in reversed(range(height))
        ]


def from_plain(sizes: Mapping[str, Any]) -> FusedConfig:
    """The configuration that `dataclasses.asdict` made plain data of."""
    networks = tuple(network_from_plain(network) for network in sizes["networks"])
    return FusedConfig(networks, tuple(sizes["shares"]), sizes["colour"])
