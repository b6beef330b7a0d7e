"""The filter bank against torchaudio's own."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from thoroughness import few
from torchaudio.compliance.kaldi import fbank

from spkret.indexer.encoders.kaldi import KaldiFrontEnd, three_d_speaker, wespeaker


def reference(waveform: np.ndarray, front_end: KaldiFrontEnd) -> np.ndarray:
    frames = fbank(
        torch.from_numpy(waveform)[None] * front_end.scale,
        num_mel_bins=front_end.mels,
        dither=0.0,
        sample_frequency=16_000.0,
        window_type=front_end.window,
    )
    return np.asarray((frames - frames.mean(0)).numpy())


@few(15)
@given(
    seed=st.integers(0, 1_000),
    samples=st.integers(400, 20_000),
    level=st.sampled_from([1.0, 1e-2, 1e-4]),
    front_end=st.sampled_from([wespeaker(80), wespeaker(40), three_d_speaker(80)]),
)
def test_features_equal_torchaudios(
    seed: int, samples: int, level: float, front_end: KaldiFrontEnd
) -> None:
    waveform = level * np.random.default_rng(seed).standard_normal(samples, np.float32)
    features = front_end.features(waveform[None])
    assert features.shape[1:] == ((samples - 400) // 160 + 1, front_end.mels)
    assert_allclose(features[0], reference(waveform, front_end), atol=1e-3)


@pytest.mark.parametrize("front_end", [wespeaker(80), three_d_speaker(80)])
def test_silence_is_flat(front_end: KaldiFrontEnd) -> None:
    assert_allclose(front_end.features(np.zeros((2, 4_000), np.float32)), 0, atol=1e-5)
