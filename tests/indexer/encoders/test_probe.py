"""What encoders are tried on, and how their embeddings are compared."""

import numpy as np
import pytest

from spkret.indexer.encoders.probe import least_cosine, tones


def test_tones_are_two_voices_of_the_length_asked() -> None:
    waves = tones(1.0)
    spectra = np.abs(np.fft.rfft(waves))
    assert waves.shape == (2, 16_000)
    assert waves.dtype == np.float32
    assert spectra.argmax(axis=1).tolist() == [110, 190]


def test_the_lowest_cosine_counts() -> None:
    a, b = np.array([[1, 0], [3, 4]], np.float32), np.array([[2, 0], [4, 3]], np.float32)
    assert least_cosine(a, b) == pytest.approx(24 / 25)
