"""Distortions of log-mel crops against what they stand for."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from spkret.indexer.encoders.frontend import FrontEndConfig
from spkret.indexer.training.distort import Crop, Distortion, cut, hide, noise_bank

CONFIG = FrontEndConfig()
FRAMES = 100
DECIBEL = np.log(10) / 10
CENTRES = CONFIG.centres_hz()


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def crop(seed: int = 0) -> Crop:
    return rng(seed).normal(0, 2, (FRAMES, CONFIG.mels)).astype(np.float32)


@pytest.fixture(scope="module")
def distortion() -> Distortion:
    return Distortion(CONFIG, [])


@pytest.mark.parametrize("seed", range(5))
def test_a_tail_decays_by_sixty_decibels_in_its_time(distortion: Distortion, seed: int) -> None:
    impulse = np.full((FRAMES, CONFIG.mels), -40, np.float32)
    impulse[0] = 10
    wet = distortion._reverberate(impulse, rng(seed))
    slope = (wet[20] - wet[10]) / DECIBEL / (10 * CONFIG.hop / 16_000)
    assert_allclose(slope, -60 / rng(seed).uniform(0.15, 1.0), rtol=0.02)
    late = np.log(np.exp(wet[1:].astype(float)).sum(axis=0)) - wet[0]
    assert ((late / DECIBEL > -15.6) & (late / DECIBEL < 3.1)).all()


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_added_in_energy_below_the_speech(distortion: Distortion, seed: int) -> None:
    quiet = crop()
    quiet[50:] = -30
    noisy = distortion._add_noise(quiet, rng(seed))
    assert (noisy >= quiet - 1e-3).all()
    speech, noise = (np.log(np.exp(part.astype(float)).mean()) for part in (quiet, noisy[50:]))
    assert -0.5 < (speech - noise) / DECIBEL < 25.5


def test_noises_of_the_bank_are_used() -> None:
    hum = np.sin(2 * np.pi * 1_000 * np.arange(32_000) / 16_000).astype(np.float32)
    bank = noise_bank([hum], CONFIG)
    assert bank[0].shape == (132, CONFIG.mels)
    noisy = Distortion(CONFIG, bank)._add_noise(
        np.full((60, CONFIG.mels), -5.0, np.float32), rng(3)
    )
    assert abs(CENTRES[noisy.mean(axis=0).argmax()] - 1_000) < 60


def test_colour_is_one_smooth_response(distortion: Distortion) -> None:
    response = distortion._colour(crop(), rng(1)) - crop()
    assert_allclose(response, np.tile(response[:1], (FRAMES, 1)), atol=1e-4)
    assert np.abs(np.diff(response[0])).max() < 3 * DECIBEL
    assert response[0].std() > 1 * DECIBEL


@pytest.mark.parametrize("seed", range(5))
def test_a_narrow_band_keeps_its_inside(distortion: Distortion, seed: int) -> None:
    speech = np.zeros((FRAMES, CONFIG.mels), np.float32)
    narrow = distortion._narrow(speech, rng(seed))[0] / DECIBEL
    draws = rng(seed)
    low, high, slope = draws.uniform(100, 400), draws.uniform(2500, 4000), draws.uniform(12, 60)
    hiss = -draws.uniform(25, 60)
    inside = (low < CENTRES) & (high > CENTRES)
    assert_allclose(narrow[inside], 0, atol=0.1)
    top = 10 * np.log10(10 ** (-slope * np.log2(CENTRES[-1] / high) / 10) + 10 ** (hiss / 10))
    assert narrow[-1] == pytest.approx(top, abs=0.05)


def test_coarse_errors_have_their_size_and_no_memory(distortion: Distortion) -> None:
    errors = (distortion._coarsen(crop(), rng(2)) - crop()) / DECIBEL
    assert errors.std() == pytest.approx(rng(2).uniform(1, 4), rel=0.05)
    assert abs(np.corrcoef(errors[:-1].ravel(), errors[1:].ravel())[0, 1]) < 0.05


def test_fading_is_one_slow_gain_for_all_bands(distortion: Distortion) -> None:
    gain = distortion._fade(crop(), rng(4)) - crop()
    assert_allclose(gain, np.tile(gain[:, :1], (1, CONFIG.mels)), atol=1e-4)
    assert np.abs(np.diff(gain[:, 0])).max() < 1 * DECIBEL


def test_hiding_makes_neighbours_constant() -> None:
    hidden = [crop() for _ in range(60)]
    for seed, block in enumerate(hidden):
        hide(block, rng(seed))
    bands = [np.flatnonzero(block.std(axis=0) < 0.5) for block in hidden]
    frames = [np.flatnonzero((block == block.mean(axis=0)).all(axis=1)) for block in hidden]
    assert 20 < sum(len(b) > 0 for b in bands) < 52
    assert max(map(len, bands)) <= CONFIG.mels // 8
    assert all((np.diff(b) == 1).all() for b in bands)
    assert max(map(len, frames)) <= FRAMES // 8


def test_crops_never_fall_below_the_floor_and_a_third_are_spared(distortion: Distortion) -> None:
    crops = np.stack([crop() for _ in range(200)])
    got = distortion(crops.copy(), rng())
    assert got.min() >= CONFIG.floor_nepers
    spared = np.mean([(block == crop()).mean() > 0.7 for block in got])
    assert 0.3 < spared < 0.55  # some of the others drew no distortion either


def test_the_same_seed_distorts_alike(distortion: Distortion) -> None:
    first, second = (distortion(np.stack([crop()] * 8), rng(7)) for _ in range(2))
    assert_array_equal(first, second)


def test_a_cut_is_a_stretch_and_short_blocks_go_round() -> None:
    block = np.arange(30.0)[:, None]
    piece = cut(block, 10, rng())[:, 0]
    assert_array_equal(np.diff(piece), np.ones(9))
    round_trip = cut(block[:4], 10, rng())[:, 0]
    assert_array_equal(np.diff(round_trip) % 4, np.ones(9))


def test_centres_are_where_bands_peak() -> None:
    wave = np.sin(2 * np.pi * CENTRES[40] * np.arange(16_000) / 16_000)
    bands = CONFIG.module()(torch.from_numpy(wave[None]).float())[0].mean(dim=0)
    assert int(bands.argmax()) == 40
