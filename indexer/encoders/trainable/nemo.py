"""NeMo's networks to train: TitaNet and ECAPA from a `.nemo` file, SpeakerNet also from scratch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..fourier import ConvolutionStft
from ..nemo.archive import read_archive, read_document, read_weights
from ..nemo.config import (
    BlockConfig,
    DecoderConfig,
    EcapaConfig,
    MelConfig,
    NetworkConfig,
    QuartzNetConfig,
    read_model,
    speakernet,
)
from ..nemo.frontend import normalize, slaney_filters, slaney_hertz, slaney_mel
from ..nemo.network import Network, with_weights
from ..nemo.quartznet import QuartzNet
from .base import TrainedNetwork, Voice


@dataclass(frozen=True, slots=True)
class NemoConfig:
    """A NeMo speaker model: the sizes of its front end and of its network."""

    mel: MelConfig
    network: NetworkConfig
    family: ClassVar[str] = "nemo"

    @property
    def frontend(self) -> "NemoFrontEnd":
        """The front end."""
        return NemoFrontEnd(self.mel)

    @property
    def voice(self) -> int:
        """The dimension of the voice: of the whole embedding."""
        return self.network.dimension

    @property
    def dimension(self) -> int:
        """The dimension of an embedding."""
        return self.network.dimension

    @property
    def parts(self) -> tuple[int, ...]:
        """One part, the voice."""
        return (self.dimension,)

    def build(self) -> TrainedNetwork:
        """The network with random weights."""
        return TrainedNetwork(NemoVoice(self.network))


@dataclass(frozen=True, slots=True)
class NemoFrontEnd:
    """NeMo's front end, up to the logarithm; each band is normalised in the network."""

    mel: MelConfig

    @property
    def mels(self) -> int:
        """The number of bands."""
        return self.mel.mels

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        return self.mel.hop

    @property
    def floor_nepers(self) -> float:
        """The least energy there is."""
        return float(np.log(self.mel.guard))

    def centres_hz(self) -> npt.NDArray[np.float64]:
        """The centre of each band (mels,) in hertz, even on Slaney's mel scale."""
        low, high = slaney_mel(np.array([self.mel.low_hz, self.mel.high_hz]))
        return slaney_hertz(np.linspace(low, high, self.mels + 2)[1:-1])

    def module(self) -> "NemoLogMel":
        """The front end as a torch module."""
        return NemoLogMel(self.mel)


class NemoLogMel(nn.Module):
    """NeMo's log-mel energies of operators that ONNX has; see `nemo.frontend.MelSpectrogram`."""

    filters: Tensor

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        self.config = config
        window = torch.hann_window(config.window, periodic=False)
        self.stft = ConvolutionStft(window, config.fft, config.hop)
        filters = torch.from_numpy(slaney_filters(config)).T.contiguous()
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Waveforms float32 (batch, samples) to energies (batch, frames, mels), in nepers."""
        emphasized = waveforms[:, 1:] - self.config.preemphasis * waveforms[:, :-1]
        parts = self.stft(torch.cat([waveforms[:, :1], emphasized], dim=1))
        power = parts[:, :-1].square().sum(dim=3)
        energies: Tensor = (power @ self.filters + self.config.guard).log()
        return energies


class NemoVoice(Voice):
    """A NeMo network on energies (batch, frames, mels) that it normalises itself."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.body = Network(config)

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length; the result is not normalised."""
        embeddings: Tensor = self.body(normalize(features.transpose(1, 2)))
        return embeddings

    def stages(self) -> Sequence[nn.Module]:
        """The encoder's blocks, then what stands behind them."""
        encoder = self.body.encoder
        if isinstance(encoder, QuartzNet):
            return [*encoder.encoder, self.body.decoder]
        return [*encoder.layers, nn.ModuleList([encoder.feature_agg, self.body.decoder])]


def small_speakernet(channels: int = 192) -> NemoConfig:
    """A SpeakerNet that a CPU can train: 192 channels and dimensions in place of 512 and 256."""
    mel = MelConfig(mels=64)
    return NemoConfig(mel, speakernet(mel.mels, channels, pooled=4 * channels, dimension=192))


def from_file(path: Path) -> tuple[NemoConfig, dict[str, Tensor]]:
    """The sizes and the weights, by the names of `NemoConfig.build`, of a `.nemo` file.

    Raises
    ------
    EncoderError
        The file is no speaker model of NeMo.
    """
    archive = read_archive(path)
    model = read_model(read_document(archive, path), str(path))
    network = with_weights(model, read_weights(path), path).network
    weights = {f"voice.body.{name}": tensor for name, tensor in network.state_dict().items()}
    return NemoConfig(model.mel, model.network), weights


def from_plain(sizes: Mapping[str, Any]) -> NemoConfig:
    """The configuration that `dataclasses.asdict` made plain data of."""
    mel, network = sizes["mel"], sizes["network"]
    decoder = {**network["decoder"], "sizes": tuple(network["decoder"]["sizes"])}
    encoder = _encoder(network["encoder"])
    return NemoConfig(MelConfig(**mel), NetworkConfig(encoder, DecoderConfig(**decoder)))


def _encoder(sizes: Mapping[str, Any]) -> QuartzNetConfig | EcapaConfig:
    if "blocks" in sizes:
        return QuartzNetConfig(sizes["mels"], tuple(BlockConfig(**b) for b in sizes["blocks"]))
    plain: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in sizes.items()
    }
    return EcapaConfig(**plain)
