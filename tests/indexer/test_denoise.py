import numpy as np
import pytest
from builders import voice

from spkret.errors import OptionalDependencyError
from spkret.indexer import optional
from spkret.indexer.denoise import denoised, recipe

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def level_db(waveform: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(waveform, dtype=np.float64)) + 1e-12))


def test_noise_falls_more_than_the_voice() -> None:
    clean = voice(4.0)
    noise = np.random.default_rng(0).normal(0, 0.01, len(clean)).astype(np.float32)
    cleaned = denoised(clean + noise)
    quiet = np.convolve(np.abs(clean), np.ones(800) / 800, "same") < 1e-3
    assert cleaned.shape == clean.shape
    assert cleaned.dtype == np.float32
    noise_fell = level_db((clean + noise)[quiet]) - level_db(cleaned[quiet])
    voice_fell = level_db((clean + noise)[~quiet]) - level_db(cleaned[~quiet])
    assert noise_fell > voice_fell + 4


@pytest.mark.parametrize("samples", [100, 1_600, 4_000, 960_000])
def test_any_length_and_digital_silence_stay_finite(samples: int) -> None:
    waveform = np.zeros(samples, np.float32)
    assert np.isfinite(denoised(waveform)).all()
    waveform[samples // 2 :] = voice(samples / 2 / 16_000 + 1)[: samples - samples // 2]
    cleaned = denoised(waveform)
    assert len(cleaned) == samples
    assert np.isfinite(cleaned).all()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional, "find_spec", lambda _: None)
    with pytest.raises(OptionalDependencyError, match=r"--denoise.*spkret\[denoise\]"):
        recipe()
