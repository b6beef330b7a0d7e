"""The short-time Fourier transform, as a convolution that exports to ONNX."""

import torch
from torch import Tensor, nn


class ConvolutionStft(nn.Module):
    """What `torch.stft` does with `center=True, pad_mode="constant", onesided=True`.

    A convolution with windowed cosines and sines, which every ONNX runtime has and runs fast.

    Parameters
    ----------
    window : (length,), as long as `fft` or shorter, then centred
    fft : points of the transform, in samples
    hop : step from frame to frame, in samples
    """

    kernels: Tensor

    def __init__(self, window: Tensor, fft: int, hop: int) -> None:
        super().__init__()
        self.fft, self.hop = fft, hop
        missing = fft - len(window)
        centred = nn.functional.pad(window.double(), (missing // 2, missing - missing // 2))
        phase = torch.outer(torch.arange(fft // 2 + 1), torch.arange(fft)) % fft
        angle = phase.double() * (2 * torch.pi / fft)
        kernels = torch.cat([angle.cos() * centred, -angle.sin() * centred])[:, None].float()
        self.register_buffer("kernels", kernels, persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Waveforms (batch, samples) to real and imaginary parts (batch, frames, bins, 2)."""
        parts = nn.functional.conv1d(
            waveforms[:, None], self.kernels, stride=self.hop, padding=self.fft // 2
        )
        real, imaginary = parts.transpose(1, 2).chunk(2, dim=2)
        return torch.stack([real, imaginary], dim=3)
