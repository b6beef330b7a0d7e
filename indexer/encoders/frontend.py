"""The log-mel front end, as a torch module that also exports to ONNX."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .base import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class FrontEndConfig:
    """Sizes of the front end: samples for `window` and `hop`, hertz for the band edges."""

    mels: int = 80
    window: int = 400
    hop: int = 240
    fft: int = 512
    low_hz: float = 20.0
    high_hz: float = 7600.0
    floor: float = 1e-5

    @property
    def floor_nepers(self) -> float:
        """The least energy there is."""
        return float(np.log(self.floor))

    def centres_hz(self) -> npt.NDArray[np.float64]:
        """The centre of each mel band (mels,) in hertz."""
        return mel_edges_hz(self)[1:-1]

    def module(self) -> "LogMel":
        """The front end as a torch module."""
        return LogMel(self)


class LogMel(nn.Module):
    """Waveforms (batch, samples) to log-mel energies (batch, frames, mels), in nepers.

    A waveform is brought to unit RMS first, so that the recording level leaves no trace. The
    spectrum is a convolution with windowed sines and cosines, which every ONNX runtime has.
    """

    kernels: Tensor
    filters: Tensor

    def __init__(self, config: FrontEndConfig) -> None:
        super().__init__()
        self.config = config
        kernels = torch.from_numpy(fourier_kernels(config))[:, None]
        filters = torch.from_numpy(mel_filters(config))[:, :, None]
        self.register_buffer("kernels", kernels, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Waveforms float32 (batch, samples) to log-mel energies (batch, frames, mels)."""
        rms = waveforms.square().mean(dim=1, keepdim=True).sqrt()
        level = (waveforms / (rms + 1e-8))[:, None]
        parts = nn.functional.conv1d(level, self.kernels, stride=self.config.hop)
        real, imaginary = parts.chunk(2, dim=1)
        energies = nn.functional.conv1d(real.square() + imaginary.square(), self.filters)
        return (energies + self.config.floor).log().transpose(1, 2)


def remove_mean(features: Tensor) -> Tensor:
    """Subtract from each mel band (batch, frames, mels) its mean over the frames."""
    return features - features.mean(dim=1, keepdim=True)


def fourier_kernels(config: FrontEndConfig) -> npt.NDArray[np.float32]:
    """Cosine then sine kernels (2 · bins, window) under a Hann window of unit energy."""
    time = np.arange(config.window)
    window = np.hanning(config.window + 1)[:-1]
    window /= np.sqrt(np.square(window).sum())
    phase = 2 * np.pi * np.outer(np.arange(config.fft // 2 + 1), time) / config.fft
    return np.concatenate([np.cos(phase) * window, -np.sin(phase) * window]).astype(np.float32)


def mel_filters(config: FrontEndConfig) -> npt.NDArray[np.float32]:
    """Triangular filters (mels, bins) of unit area between the edges of `mel_edges_hz`."""
    edges = mel_edges_hz(config)
    bins = np.linspace(0, SAMPLE_RATE_HZ / 2, config.fft // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(filters / filters.sum(axis=1, keepdims=True), dtype=np.float32)


def mel_edges_hz(config: FrontEndConfig) -> npt.NDArray[np.float64]:
    """Where bands begin, peak and end (mels + 2,): even on the mel scale 2595 log10(1 + f/700)."""
    low, high = (2595 * np.log10(1 + f / 700) for f in (config.low_hz, config.high_hz))
    return np.asarray(700 * (10 ** (np.linspace(low, high, config.mels + 2) / 2595) - 1))
