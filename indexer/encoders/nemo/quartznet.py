"""The QuartzNet-style encoder of SpeakerNet and TitaNet, for batches of equal length.

Kriman et al. 2020, "QuartzNet: Deep automatic speech recognition with 1D time-channel separable
convolutions"; the squeeze-and-excitation over the whole recording is ContextNet's (Han et al.
2020). The names of the parameters are NeMo's, so that its checkpoints fit.
"""

import torch
from torch import Tensor, nn

from .config import BlockConfig, QuartzNetConfig


class Convolution(nn.Module):
    """A 1-D convolution without bias that keeps the frames of a stride of 1."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv1d(
            inputs,
            outputs,
            kernel,
            stride=stride,
            padding=dilation * (kernel - 1) // 2,
            dilation=dilation,
            groups=groups,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Frames (batch, inputs, frames) to frames (batch, outputs, frames / stride)."""
        out: Tensor = self.conv(x)
        return out


class SqueezeExcite(nn.Module):
    """Channels weighed by what their means over the whole recording say, in float32."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        squeezed = channels // reduction
        self.fc = nn.Sequential(
            nn.Linear(channels, squeezed, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(squeezed, channels, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Frames (batch, channels, frames), weighed."""
        with torch.autocast(x.device.type, enabled=False):
            weights: Tensor = self.fc(x.mean(dim=2, dtype=torch.float32)).sigmoid()
        return x * weights[:, :, None].to(x.dtype)


class Block(nn.Module):
    """Convolutions, optionally a squeeze-and-excitation, a residual, ReLU and dropout."""

    def __init__(self, inputs: int, config: BlockConfig) -> None:
        super().__init__()
        self.mconv = nn.Sequential(*_layers(inputs, config))
        self.res = (
            nn.ModuleList([nn.Sequential(Convolution(inputs, config.channels), _norm(config))])
            if config.residual
            else None
        )
        self.mout = nn.Sequential(*_activation(config))

    def forward(self, x: Tensor) -> Tensor:
        """Frames (batch, inputs, frames) to frames (batch, channels, frames / strides)."""
        out: Tensor = self.mconv(x)
        if self.res is not None:
            out = out + self.res[0](x)
        activated: Tensor = self.mout(out)
        return activated


class QuartzNet(nn.Module):
    """Mel bands (batch, mels, frames) to frames (batch, channels, frames)."""

    def __init__(self, config: QuartzNetConfig) -> None:
        super().__init__()
        inputs = (config.mels, *(block.channels for block in config.blocks))
        self.encoder = nn.Sequential(*map(Block, inputs, config.blocks))

    def forward(self, features: Tensor) -> Tensor:
        """Encode features of one length."""
        frames: Tensor = self.encoder(features)
        return frames


def _layers(inputs: int, config: BlockConfig) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for repeat in range(config.repeat):
        if repeat:
            layers += _activation(config)
        layers += [*_convolutions(inputs, config), _norm(config)]
        inputs = config.channels
    if config.squeeze:
        layers.append(SqueezeExcite(config.channels, config.squeeze))
    return layers


def _convolutions(inputs: int, config: BlockConfig) -> list[nn.Module]:
    """One convolution, or one along the frames of each channel and one across the channels."""
    shape = (config.kernel, config.stride, config.dilation)
    if not config.separable:
        return [Convolution(inputs, config.channels, *shape)]
    along = Convolution(inputs, inputs, *shape, groups=inputs)
    return [along, Convolution(inputs, config.channels)]


def _norm(config: BlockConfig) -> nn.Module:
    return nn.BatchNorm1d(config.channels, eps=1e-3)


def _activation(config: BlockConfig) -> list[nn.Module]:
    return [nn.ReLU(inplace=True), nn.Dropout(config.dropout)]
