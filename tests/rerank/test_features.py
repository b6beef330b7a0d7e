from dataclasses import replace

import numpy as np
import pytest
from builders import labelled_table
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret.rerank import features
from spkret.rerank.features import FEATURES, NAMES, Plan, compute
from spkret.retrieval.groups import Groups
from spkret.retrieval.normalize import Background
from spkret.retrieval.plda import Plda
from spkret.retrieval.voices import Voices

VOICES = Voices.of(labelled_table(speakers=30))
CENTRED = Background.fit(VOICES).apply(VOICES)
PLDA = Plda.fit(CENTRED.embeddings, VOICES.speakers)
PLAN = Plan(parts=(20, 8, 4))


def drawn(seed: int, sizes: list[int]) -> Groups:
    generator = np.random.default_rng(seed)
    members = [generator.choice(len(VOICES), size, replace=False) for size in sizes]
    return Groups.of(generator.integers(0, len(VOICES), len(sizes)), members)


def test_names_are_unique_and_documented() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(feature.doc and feature.range and feature.source for feature in FEATURES)
    assert {feature.monotone for feature in FEATURES} == {-1, 0, 1}


def test_cosines_rise_with_likeness() -> None:
    groups = drawn(0, [20] * 40)
    made = compute(VOICES, CENTRED, groups, PLDA, PLAN)
    same = VOICES.speakers[groups.candidates] == VOICES.speakers[groups.anchor_rows]
    for feature in FEATURES:
        if feature.monotone:
            values = made.column(feature.name) * feature.monotone
            assert np.nanmean(values[same]) > np.nanmean(values[~same]), feature.name


@given(st.integers(0, 2**32 - 1))
@few(25)
def test_features_move_with_their_candidates(seed: int) -> None:
    groups = drawn(seed, [7, 12])
    order = np.random.default_rng(seed).permutation(12)
    shuffled = Groups.of(groups.anchors, [groups.members(0), groups.members(1)[order]])
    made = compute(VOICES, CENTRED, groups, PLDA, PLAN).matrix
    again = compute(VOICES, CENTRED, shuffled, PLDA, PLAN).matrix
    np.testing.assert_allclose(again[:7], made[:7], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(again[7:], made[7:][order], rtol=1e-4, atol=1e-4)


def test_blocks_do_not_change_features(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = drawn(3, [5, 9, 1, 14, 3])
    whole = compute(VOICES, CENTRED, groups, PLDA, PLAN).matrix
    monkeypatch.setattr(features, "_PAIRS_A_BLOCK", 4)
    np.testing.assert_allclose(
        compute(VOICES, CENTRED, groups, PLDA, PLAN).matrix, whole, rtol=1e-5, atol=1e-5
    )


def test_plda_filled_in_later_is_the_same() -> None:
    groups = drawn(8, [6, 11])
    whole = compute(VOICES, CENTRED, groups, PLDA, PLAN)
    without = compute(VOICES, CENTRED, groups, plan=PLAN)
    names = tuple(name for name in NAMES if name.startswith("plda"))
    assert np.isnan(without.columns(names)).all()
    filled = without.with_plda(whole.column("plda"), groups)
    np.testing.assert_allclose(filled.matrix, whole.matrix, rtol=1e-5)


def test_the_unknown_is_nan() -> None:
    blank = np.full(len(VOICES), np.nan, np.float32)
    nobody = np.full(len(VOICES), None, object)
    voices = replace(
        VOICES,
        genders=nobody,
        f0_hz=blank,
        snr_db=blank,
        languages=np.full(len(VOICES), "und", object),
        noises=np.full(len(VOICES), "unknown", object),
    )
    made = compute(voices, CENTRED, drawn(4, [6]))
    unknown = ("same_gender", "f0_distance", "f0_distance_z", "snr_min", "snr_diff")
    for name in (*unknown, "same_language", "same_noise", "anchor_noise", "candidate_noise"):
        assert np.isnan(made.column(name)).all(), name
    assert not np.isnan(made.column("cosine")).any()


def test_acoustic_features_by_hand() -> None:
    voices = VOICES.take(np.array([0, 1]))
    voices = replace(
        voices,
        f0_hz=np.array([100, 200], np.float32),
        snr_db=np.array([5, 20], np.float32),
        bandwidth_hz=np.array([4000, 8000], np.float32),
        speech_s=np.array([40, 5], np.float32),
        genders=np.array(["m", "f"], object),
    )
    made = compute(voices, Background.fit(VOICES).apply(voices), Groups.of([0], [[1]]))
    expected = {
        "f0_distance": 12.0,
        "snr_min": 5.0,
        "snr_diff": 15.0,
        "bandwidth_ratio": 0.5,
        "speech_max": 20.0,
        "speech_ratio": 0.25,
        "same_gender": 0.0,
    }
    for name, value in expected.items():
        assert made.column(name)[0] == pytest.approx(value, abs=1e-4), name
    assert np.isnan(made.column("cosine_lead")[0])


def test_spectra_are_compared_where_both_have_a_band() -> None:
    shape = np.linspace(-10, 10, 40, dtype=np.float32)
    cut = shape.copy()
    cut[30:] = -60
    voices = replace(
        VOICES.take(np.array([0, 1])),
        spectrum_mean=np.stack([shape - shape.mean(), cut - cut.mean()]),
        bandwidth_hz=np.array([8000, 3400], np.float32),
    )
    made = compute(voices, Background.fit(VOICES).apply(voices), Groups.of([0], [[1]]))
    assert made.column("spectrum_distance")[0] == pytest.approx(0, abs=1e-4)
    assert made.column("spectrum_cosine")[0] == pytest.approx(1, abs=1e-5)


def test_contrast_leaves_out_what_the_group_has_in_common() -> None:
    generator = np.random.default_rng(5)
    spectra = generator.normal(0, 5, (4, 40)).astype(np.float32)
    voices = replace(VOICES.take(np.arange(4)), spectrum_mean=spectra)
    voices = replace(voices, bandwidth_hz=np.full(4, 8000, np.float32))
    groups = Groups.of([0], [[1, 2, 3]])
    away = spectra - spectra.mean(axis=0)
    away -= away.mean(axis=1, keepdims=True)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    centred = Background.fit(VOICES).apply(voices)
    made = compute(voices, centred, groups).column("spectrum_contrast")
    np.testing.assert_allclose(made, away[1:] @ away[0], atol=1e-5)
    channel = generator.normal(0, 5, 40).astype(np.float32)
    filtered = replace(voices, spectrum_mean=spectra + channel)
    np.testing.assert_allclose(
        compute(filtered, centred, groups).column("spectrum_contrast"), made, atol=1e-4
    )


def test_mass_is_a_share_of_the_group() -> None:
    groups = drawn(6, [5, 9])
    made = compute(VOICES, CENTRED, groups, PLDA, PLAN)
    for name, sharpness in (("cosine", 0.1), ("asnorm", 1.0), ("plda", 1.0)):
        mass, odds = made.column(f"{name}_mass"), np.exp(made.column(name) / sharpness)
        np.testing.assert_allclose(groups.sum(mass), 1, atol=1e-5)
        np.testing.assert_allclose(mass, odds / groups.spread(groups.sum(odds)), rtol=1e-3)


@given(st.integers(0, 2**32 - 1))
@few(10)
def test_names_move_no_feature(seed: int) -> None:
    groups, generator = drawn(seed, [6, 9]), np.random.default_rng(seed)
    renamed = replace(
        VOICES,
        ids=generator.permutation(VOICES.ids),
        content_hashes=generator.permutation(VOICES.content_hashes),
    )
    np.testing.assert_array_equal(
        compute(renamed, CENTRED, groups, PLDA, PLAN).matrix,
        compute(VOICES, CENTRED, groups, PLDA, PLAN).matrix,
    )
