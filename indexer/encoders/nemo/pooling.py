"""From frames to embeddings: NeMo's pooling over time and the layers behind it."""

import torch
from torch import Tensor, nn

from .config import DecoderConfig
from .tdnn import Tdnn

FLOOR = 1e-10


class StatisticsPooling(nn.Module):
    """Mean and unbiased standard deviation of each channel (Snyder et al. 2018, "X-vectors")."""

    def forward(self, x: Tensor) -> Tensor:
        """Frames (batch, channels, frames) to statistics (batch, 2 · channels)."""
        variance, mean = torch.var_mean(x, dim=2)
        return torch.cat([mean, variance.clamp(FLOOR).sqrt()], dim=1)


class MeanPooling(nn.Module):
    """The mean of each channel."""

    def forward(self, x: Tensor) -> Tensor:
        """Frames (batch, channels, frames) to means (batch, channels)."""
        return x.mean(dim=2)


class AttentivePooling(nn.Module):
    """Mean and deviation of each channel over frames weighed by a small network.

    Okabe et al. 2018, "Attentive statistics pooling for deep speaker embedding", one weight for
    each channel and frame, given the mean and deviation of the whole recording.
    """

    def __init__(self, channels: int, attention: int) -> None:
        super().__init__()
        self.attention_layer = nn.Sequential(
            Tdnn(3 * channels, attention), nn.Tanh(), nn.Conv1d(attention, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Frames (batch, channels, frames) to statistics (batch, 2 · channels, 1)."""
        variance, mean = torch.var_mean(x, dim=2, correction=0, keepdim=True)
        context = torch.cat([mean, variance.clamp(FLOOR).sqrt()], dim=1)
        context = context.expand(-1, -1, x.shape[2])
        weights = self.attention_layer(torch.cat([x, context], dim=1)).float().softmax(dim=2)
        mean = (weights * x).sum(dim=2, keepdim=True)
        variance = (weights * (x - mean).square()).sum(dim=2, keepdim=True)
        return torch.cat([mean, variance.clamp(FLOOR).sqrt()], dim=1)


class Decoder(nn.Module):
    """Frames (batch, channels, frames) to embeddings (batch, dimension), pooled in float32.

    NeMo takes the embedding before the last layer's ReLU. The classifier of its training is not
    built.
    """

    def __init__(self, channels: int, config: DecoderConfig) -> None:
        super().__init__()
        self._pooling = _pooling(channels, config)
        pooled = channels if config.pooling == "tap" else 2 * channels
        layer = _pointwise if config.pooling == "attention" else _linear
        self.emb_layers = nn.Sequential(*map(layer, (pooled, *config.sizes), config.sizes))

    def forward(self, frames: Tensor) -> Tensor:
        """Pool and embed frames of one length."""
        x: Tensor = self._pooling(frames.float())
        *layers, last = self.emb_layers.children()
        for layer in (*layers, *[*last.children()][:2]):
            x = layer(x)
        return x.flatten(1)


def _pooling(channels: int, config: DecoderConfig) -> nn.Module:
    if config.pooling == "attention":
        return AttentivePooling(channels, config.attention)
    return MeanPooling() if config.pooling == "tap" else StatisticsPooling()


def _linear(inputs: int, outputs: int) -> nn.Sequential:
    norm = nn.BatchNorm1d(outputs, affine=False)
    return nn.Sequential(nn.Linear(inputs, outputs), norm, nn.ReLU())


def _pointwise(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm1d(inputs), nn.Conv1d(inputs, outputs, 1))
