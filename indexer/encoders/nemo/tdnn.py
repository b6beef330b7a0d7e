"""NeMo's ECAPA encoder, for batches of equal length.

Dawalatabad et al. 2021, "ECAPA-TDNN embeddings for speaker diarization", with grouped convolutions
in place of Res2Net's. The names of the parameters are NeMo's, so that its checkpoints fit.
"""

import torch
from torch import Tensor, nn

from .config import EcapaConfig

SQUEEZED = 128


class Tdnn(nn.Module):
    """A convolution along the frames, ReLU, batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv_layer = convolution(inputs, outputs, kernel, dilation)
        self.activation = nn.ReLU()
        self.bn = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Frames (batch, inputs, frames) to frames (batch, outputs, frames)."""
        out: Tensor = self.bn(self.activation(self.conv_layer(x)))
        return out


class SqueezeExcite(nn.Module):
    """Channels weighed by what their means over the first `frames` say."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.se_layer = nn.Sequential(
            nn.Conv1d(channels, SQUEEZED, 1),
            nn.ReLU(),
            nn.BatchNorm1d(SQUEEZED),
            nn.Conv1d(SQUEEZED, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Frames (batch, channels, frames and more), weighed."""
        means = x[:, :, :frames].mean(dim=2, keepdim=True, dtype=torch.float32)
        weighed: Tensor = x * self.se_layer(means)
        return weighed


class ResidualTdnn(nn.Module):
    """A grouped convolution between two pointwise ones, squeeze-and-excitation, residual."""

    def __init__(self, channels: int, kernel: int, dilation: int, groups: int) -> None:
        super().__init__()
        self.group_tdnn_block = nn.Sequential(
            Tdnn(channels, channels),
            convolution(channels, channels, kernel, dilation, groups),
            nn.ReLU(),
            nn.BatchNorm1d(channels),
            Tdnn(channels, channels),
        )
        self.se_layer = SqueezeExcite(channels)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Frames (batch, channels, frames and more), their number kept."""
        out: Tensor = self.se_layer(self.group_tdnn_block(x), frames) + x
        return out


class Ecapa(nn.Module):
    """Mel bands (batch, mels, frames) to frames (batch, channels, frames)."""

    def __init__(self, config: EcapaConfig) -> None:
        super().__init__()
        first, *middle, _ = zip(config.filters, config.kernels, config.dilations, strict=True)
        residual = [ResidualTdnn(*sizes, groups=config.groups) for sizes in middle]
        self.layers = nn.ModuleList([Tdnn(config.mels, *first), *residual])
        last = (config.channels, config.kernels[-1], config.dilations[-1])
        self.feature_agg = Tdnn(config.channels, *last)
        self.pad_to = config.pad_to

    def forward(self, features: Tensor) -> Tensor:
        """Encode features of one length."""
        frames = features.shape[2]
        silence = self.pad_to - frames % self.pad_to
        first, *middle = self.layers
        x = first(nn.functional.pad(features, (0, silence)))
        outputs = []
        for layer in middle:
            x = layer(x, frames)
            outputs.append(x)
        aggregated: Tensor = self.feature_agg(torch.cat(outputs, dim=1))
        return aggregated[:, :, :frames]


def convolution(
    inputs: int, outputs: int, kernel: int, dilation: int = 1, groups: int = 1
) -> nn.Conv1d:
    """A 1-D convolution with bias that keeps the number of frames."""
    padding = dilation * (kernel - 1) // 2
    return nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation, groups=groups)
