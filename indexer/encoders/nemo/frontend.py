"""NeMo's mel front end, `AudioToMelSpectrogramPreprocessor`, for batches of equal length."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..base import SAMPLE_RATE_HZ
from ..fourier import ConvolutionStft
from .config import MelConfig

FLOOR = 1e-5
LINEAR_HZ, LINEAR_STEP_HZ, LOG_STEP = 1000.0, 200 / 3, np.log(6.4) / 27


class MelSpectrogram(nn.Module):
    """Waveforms (batch, samples) to bands (batch, mels, frames) of mean 0 and deviation 1.

    Pre-emphasis, power spectrum of frames centred on every `hop`-th sample, mel bands, logarithm,
    and each band normalised over the recording. As in NeMo, the last frame is left out. No dither.
    """

    window: Tensor
    fb: Tensor

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.hann_window(config.window, periodic=False))
        self.register_buffer("fb", torch.from_numpy(slaney_filters(config))[None])
        self.convolution: ConvolutionStft | None = None

    def forward(self, waveforms: Tensor) -> Tensor:
        """Waveforms float32 (batch, samples), at 16 kHz, of one length of two hops or more."""
        emphasized = waveforms[:, 1:] - self.config.preemphasis * waveforms[:, :-1]
        parts = self._transform(torch.cat([waveforms[:, :1], emphasized], dim=1))
        power = parts.square().sum(dim=3)[:, :-1].transpose(1, 2)
        return normalize((torch.matmul(self.fb, power) + self.config.guard).log())

    def make_exportable(self) -> None:
        """Take a convolution in place of `torch.stft`, which ONNX lacks."""
        self.convolution = ConvolutionStft(self.window, self.config.fft, self.config.hop)

    def _transform(self, waveforms: Tensor) -> Tensor:
        """Waveforms to real and imaginary parts (batch, frames, bins, 2)."""
        if self.convolution is not None:
            parts: Tensor = self.convolution(waveforms)
            return parts
        sizes = (self.config.fft, self.config.hop, self.config.window)
        spectrum = torch.stft(
            waveforms, *sizes, self.window, pad_mode="constant", return_complex=True
        )
        return torch.view_as_real(spectrum).transpose(1, 2)


def normalize(features: Tensor) -> Tensor:
    """Each band (batch, mels, frames) minus its mean, over its unbiased deviation plus a floor."""
    deviation, mean = torch.std_mean(features, dim=2, keepdim=True)
    return (features - mean) / (deviation + FLOOR)


def slaney_filters(config: MelConfig) -> npt.NDArray[np.float32]:
    """Triangular filters (mels, bins) of equal area on Slaney's mel scale.

    The scale of the Auditory Toolbox (Slaney 1998): linear up to 1 kHz, logarithmic above.
    """
    low, high = slaney_mel(np.array([config.low_hz, config.high_hz]))
    edges = slaney_hertz(np.linspace(low, high, config.mels + 2))
    bins = np.linspace(0, SAMPLE_RATE_HZ / 2, config.fft // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * 2 / (edges[2:] - edges[:-2])[:, None], dtype=np.float32)


def slaney_mel(hertz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Hertz to Slaney's mel."""
    steps = np.log(np.maximum(hertz, LINEAR_HZ) / LINEAR_HZ) / LOG_STEP
    return np.asarray(np.minimum(hertz, LINEAR_HZ) / LINEAR_STEP_HZ + steps)


def slaney_hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Slaney's mel to hertz."""
    knee = LINEAR_HZ / LINEAR_STEP_HZ
    octaves = np.exp(LOG_STEP * np.maximum(mel - knee, 0))
    return np.asarray(np.minimum(mel, knee) * LINEAR_STEP_HZ * octaves)
