"""ECAPA-TDNN, SpeechBrain's module, for batches of equal length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN, AttentiveStatisticsPooling
from torch import Tensor, nn

from .frontend import FrontEndConfig, remove_mean
from .trainable.base import TrainedNetwork, Voice


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Sizes of the network; `channels` is of every block, `pooled` of the layer before pooling.

    The first layer keeps one frame in `stride`, so that all the others cost as much less. With
    `stem`, that layer is a two-dimensional one of so many channels. An embedding has `voice`
    dimensions from the network and `colour` from the long-term spectrum.
    """

    channels: int = 256
    pooled: int = 768
    attention: int = 64
    squeeze: int = 64
    stride: int = 2
    stem: int = 0
    voice: int = 192
    colour: int = 64
    frontend: FrontEndConfig = field(default_factory=FrontEndConfig)
    family: ClassVar[str] = "ecapa-tdnn"

    @property
    def dimension(self) -> int:
        """The dimension of an embedding."""
        return self.voice + self.colour

    def build(self) -> "Network":
        """The network with random weights."""
        return Network(VoiceNetwork(self), self.frontend.mels, self.colour)

    @property
    def parts(self) -> tuple[int, ...]:
        """The dimensions of voice and colour."""
        return (self.voice, self.colour)


class EqualLengthPooling(AttentiveStatisticsPooling):  # type: ignore[misc]
    """Attentive statistics pooling over whole utterances, free of masks.

    SpeechBrain's own forward builds a mask whose batch size the ONNX exporters freeze; for a batch
    of equal length the two agree (Okabe et al. 2018, "Attentive statistics pooling").
    """

    @classmethod
    def like(cls, pooling: AttentiveStatisticsPooling) -> "EqualLengthPooling":
        """SpeechBrain's pooling with the same weights, free of masks."""
        inside = pooling.conv.conv
        own = cls(inside.out_channels, inside.in_channels, pooling.global_context)
        own.load_state_dict(pooling.state_dict())
        own.eval()
        return own

    def forward(self, x: Tensor, lengths: None = None) -> Tensor:  # noqa: ARG002
        """Frames (batch, channels, frames) to mean and deviation (batch, 2 · channels, 1)."""
        mean, std = self._statistics(x, torch.full_like(x[:, :1], 1.0 / x.shape[-1]))
        if self.global_context:
            context = torch.cat([x, mean.expand_as(x), std.expand_as(x)], dim=1)
        else:
            context = x
        weights = self.conv(self.tanh(self.tdnn(context))).softmax(dim=2)
        return torch.cat(self._statistics(x, weights), dim=1)

    def _statistics(self, x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        mean = (weights * x).sum(dim=2, keepdim=True)
        variance = (weights * (x - mean).square()).sum(dim=2, keepdim=True)
        return mean, variance.clamp(self.eps).sqrt()


def band_statistics(features: Tensor) -> Tensor:
    """Mean and deviation over the frames of each band: (batch, frames, mels) to (batch, 2 mels)."""
    return torch.cat([features.mean(dim=1), features.std(dim=1)], dim=1)


class LongTermSpectrum(nn.Module):
    """What the mean and deviation of each band say: a small perceptron beside the main network.

    The mean spectrum holds the voice's own colour and the channel's. In training it is left out of
    some rows (`drop`), so that the main network learns to do without.
    """

    def __init__(self, mels: int, dimension: int, hidden: int = 256, drop: float = 0.3) -> None:
        super().__init__()
        last = nn.Linear(hidden, dimension)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.BatchNorm1d(2 * mels),
            nn.Linear(2 * mels, hidden),
            nn.ReLU(),
            nn.BatchNorm1d(hidden),
            last,
        )
        self.drop = drop

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, frames, mels) to a term of the embedding (batch, dim)."""
        term: Tensor = self.layers(band_statistics(features))
        if self.training:
            term = term * (torch.rand(len(term), 1, device=term.device) >= self.drop)
        return term


class Stem(nn.Module):
    """Convolutions over time and frequency, which see a formant that moves as the same formant.

    Thienpondt et al. 2021, "Integrating frequency translational invariance in TDNNs and frequency
    positional information in 2D ResNets to enhance speaker verification". A quarter of the bands is
    left, times `channels`; one frame in `stride`.
    """

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.enter = _convolution(1, channels, (2, stride))
        self.first = _convolution(channels, channels, (1, 1))
        self.second = _convolution(channels, channels, (1, 1))
        self.leave = _convolution(channels, channels, (2, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, frames, mels) to (batch, frames / stride, channels · mels / 4)."""
        entered = self.enter(features.transpose(1, 2)[:, None])
        seen: Tensor = self.leave(entered + self.second(self.first(entered)))
        return seen.flatten(1, 2).transpose(1, 2)


def _convolution(inputs: int, outputs: int, stride: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class VoiceNetwork(Voice):
    """Log-mel frames (batch, frames, mels), not yet mean-normalised, to voices (batch, voice).

    Desplanques et al. 2020, "ECAPA-TDNN: Emphasized channel attention, propagation and
    aggregation in TDNN based speaker verification", plus a term for the long-term spectrum, which
    the removal of the mean hides from it.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        mels = config.frontend.mels
        self.stem = Stem(config.stem, config.stride) if config.stem else None
        self.body = ECAPA_TDNN(
            config.stem * (mels // 4) if config.stem else mels,
            lin_neurons=config.voice,
            channels=[config.channels] * 4 + [config.pooled],
            attention_channels=config.attention,
            se_channels=config.squeeze,
        )
        if not config.stem:
            first = self.body.blocks[0].conv
            first.stride, first.conv.stride = config.stride, (config.stride,)
        self.body.asp = EqualLengthPooling(config.pooled, attention_channels=config.attention)
        self.spectrum = LongTermSpectrum(config.frontend.mels, config.voice)

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length; the result is not normalised."""
        level = remove_mean(features)
        embeddings: Tensor = self.body(level if self.stem is None else self.stem(level))
        spectrum: Tensor = self.spectrum(features)
        return embeddings.squeeze(1) + spectrum

    def stages(self) -> Sequence[nn.Module]:
        """The blocks, then what stands behind and beside them."""
        body = self.body
        top = [body.mfa, body.asp, body.asp_bn, body.fc, self.spectrum]
        bottom = [] if self.stem is None else [self.stem]
        return [*bottom, *body.blocks, nn.ModuleList(top)]


class Colour(nn.Module):
    """The long-term spectrum as evidence of its own, beside the network's.

    Linear discriminants of the bands' means and deviations, at unit length, weighed by a gate: how
    unprocessed the recording sounds. Between unprocessed recordings the colour tells speakers apart
    better than a small network does; noise and channels repaint it.
    """

    def __init__(self, mels: int, dimension: int) -> None:
        super().__init__()
        self.discriminants = nn.Linear(2 * mels, dimension)
        self.gate = nn.Linear(2 * mels, 1)
        self.share = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, frames, mels) to colours (batch, dim) of length `share` at most."""
        statistics = band_statistics(features)
        colour = nn.functional.normalize(self.discriminants(statistics))
        weighed: Tensor = self.share * self.gate(statistics).sigmoid() * colour
        return weighed


class Network(TrainedNetwork):
    """Log-mel frames (batch, frames, mels) to embeddings (batch, dimension): voice, then colour."""

    def __init__(self, voice: Voice, mels: int, colour: int) -> None:
        super().__init__(voice)
        self.colour = Colour(mels, colour)

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length; the colour is scaled to the voice's length, in float32."""
        voices = self.voice(features).float()
        with torch.autocast(features.device.type, enabled=False):
            colours = voices.norm(dim=1, keepdim=True) * self.colour(features)
        return torch.cat([voices, colours], dim=1)


def from_plain(sizes: Mapping[str, Any]) -> NetworkConfig:
    """The configuration that `dataclasses.asdict` made plain data of."""
    return NetworkConfig(**{**sizes, "frontend": FrontEndConfig(**sizes["frontend"])})
