"""ECAPA-TDNN, SpeechBrain's module, for batches of equal length."""

from dataclasses import dataclass, field

import torch
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN, AttentiveStatisticsPooling
from torch import Tensor, nn

from .frontend import FrontEndConfig, LogMel, remove_mean


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Sizes of the network; `channels` is of every block, `pooled` of the layer before pooling."""

    channels: int = 256
    pooled: int = 768
    attention: int = 64
    squeeze: int = 64
    dimension: int = 192
    frontend: FrontEndConfig = field(default_factory=FrontEndConfig)


class EqualLengthPooling(AttentiveStatisticsPooling):  # type: ignore[misc]
    """Attentive statistics pooling over whole utterances, free of masks.

    SpeechBrain's own forward builds a mask whose batch size the ONNX exporters freeze; for a batch
    of equal length the two agree (Okabe et al. 2018, "Attentive statistics pooling").
    """

    def forward(self, x: Tensor, lengths: None = None) -> Tensor:  # noqa: ARG002
        """Frames (batch, channels, frames) to mean and deviation (batch, 2 · channels, 1)."""
        mean, std = self._statistics(x, torch.full_like(x[:, :1], 1.0 / x.shape[-1]))
        context = torch.cat([x, mean.expand_as(x), std.expand_as(x)], dim=1)
        weights = self.conv(self.tanh(self.tdnn(context))).softmax(dim=2)
        return torch.cat(self._statistics(x, weights), dim=1)

    def _statistics(self, x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        mean = (weights * x).sum(dim=2, keepdim=True)
        variance = (weights * (x - mean).square()).sum(dim=2, keepdim=True)
        return mean, variance.clamp(self.eps).sqrt()


class Network(nn.Module):
    """Log-mel frames (batch, frames, mels), not yet mean-normalised, to embeddings (batch, dim).

    Desplanques et al. 2020, "ECAPA-TDNN: Emphasized channel attention, propagation and
    aggregation in TDNN based speaker verification".
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.body = ECAPA_TDNN(
            config.frontend.mels,
            lin_neurons=config.dimension,
            channels=[config.channels] * 4 + [config.pooled],
            attention_channels=config.attention,
            se_channels=config.squeeze,
        )
        self.body.asp = EqualLengthPooling(config.pooled, attention_channels=config.attention)

    def forward(self, features: Tensor) -> Tensor:
        """Embed features of one length; the result is not normalised."""
        embeddings: Tensor = self.body(remove_mean(features))
        return embeddings.squeeze(1)


class WaveformNetwork(nn.Module):
    """Front end and network in one: waveforms (batch, samples) to embeddings (batch, dim)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.frontend = LogMel(config.frontend)
        self.network = Network(config)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Embed waveforms float32 of one length."""
        embeddings: Tensor = self.network(self.frontend(waveforms))
        return embeddings
