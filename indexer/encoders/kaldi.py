"""Kaldi's log-mel filter bank, by kaldi-native-fbank, as the toolkits that publish ONNX use it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .base import SAMPLE_RATE_HZ, Waveforms

Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KaldiFrontEnd:
    """Frames of 25 ms every 10 ms, pre-emphasised, without dither; each band's mean removed.

    `scale` multiplies samples within ±1 first; `window` is Kaldi's name of the window.
    """

    mels: int
    window: Literal["hamming", "povey"]
    scale: float

    def features(self, waveforms: Waveforms) -> Features:
        """Waveforms (batch, samples), at least 400, to log energies (batch, frames, mels)."""
        return np.stack([self._frames(waveform) for waveform in waveforms])

    def _frames(self, waveform: Waveforms) -> Features:
        import kaldi_native_fbank

        options = kaldi_native_fbank.FbankOptions()
        options.frame_opts.samp_freq = SAMPLE_RATE_HZ
        options.frame_opts.dither = 0.0
        options.frame_opts.window_type = self.window
        options.mel_opts.num_bins = self.mels
        bank = kaldi_native_fbank.OnlineFbank(options)
        bank.accept_waveform(SAMPLE_RATE_HZ, self.scale * waveform)
        bank.input_finished()
        frames = np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)])
        return np.asarray(frames - frames.mean(axis=0), np.float32)


def wespeaker(mels: int) -> KaldiFrontEnd:
    """What WeSpeaker's networks are trained on: samples on the scale of 16-bit integers."""
    return KaldiFrontEnd(mels, "hamming", 2.0**15)


def three_d_speaker(mels: int) -> KaldiFrontEnd:
    """What 3D-Speaker's networks are trained on: torchaudio's defaults, samples within ±1."""
    return KaldiFrontEnd(mels, "povey", 1.0)
