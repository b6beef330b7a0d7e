"""Speed on log-mel features against the waveform itself, resampled by soxr."""

import numpy as np
import pytest
import soxr
import torch
from builders import voice
from numpy.testing import assert_array_equal

from spkret.indexer.encoders.frontend import FrontEndConfig
from spkret.indexer.training.speed import Speeds

CONFIG = FrontEndConfig()


def log_mel(wave: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.asarray(CONFIG.module()(torch.from_numpy(wave)[None])[0].numpy())


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_it_is_nearly_the_faster_waveform(speed: float) -> None:
    rng = np.random.default_rng(0)
    wave = voice(3.0) + 0.003 * rng.standard_normal(48_000).astype(np.float32)
    theirs = log_mel(soxr.resample(wave, 16_000, 16_000 / speed).astype(np.float32))
    speeds = Speeds((1.0, speed), CONFIG)
    frames = min(120, len(theirs))
    ours = speeds.warp(log_mel(wave)[: speeds.frames_before(frames, 1)], frames, 1)
    heard = slice(2, 70)  # below 6 kHz, which both still hold
    unchanged = log_mel(wave)[:frames]
    a, b, c = (block[:frames, heard].ravel() for block in (ours, theirs, unchanged))
    assert np.corrcoef(a, b)[0, 1] > 0.93
    assert np.sqrt(np.mean((a - b) ** 2)) < 0.5 * np.sqrt(np.mean((c - b) ** 2))


def test_its_own_speed_changes_nothing() -> None:
    crop = np.random.default_rng(1).standard_normal((50, CONFIG.mels)).astype(np.float32)
    speeds = Speeds((1.0, 1.1), CONFIG)
    assert speeds.frames_before(50, 0) == 50
    assert_array_equal(speeds.warp(crop, 50, 0), crop)


def test_every_frame_asked_for_is_there() -> None:
    speeds = Speeds((1.0, 0.5, 0.73, 1.37, 2.0), CONFIG)
    for speed in range(1, 5):
        for frames in (2, 7, 100):
            crop = np.zeros((max(2, speeds.frames_before(frames, speed)), CONFIG.mels), np.float32)
            assert speeds.warp(crop, frames, speed).shape == (frames, CONFIG.mels)
