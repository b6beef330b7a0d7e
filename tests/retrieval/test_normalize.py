import time

import numpy as np
import pyarrow as pa
import pytest
from builders import labelled_table

from spkret.retrieval.normalize import SMALLEST_COHORT, Background, names_of
from spkret.retrieval.voices import Voices


@pytest.fixture(scope="module")
def voices() -> Voices:
    return Voices.of(labelled_table(speakers=60))


def unit(vectors: np.ndarray) -> np.ndarray:
    units: np.ndarray = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return units


def test_means_are_balanced_over_speakers_and_shrunk(voices: Voices) -> None:
    background = Background.fit(voices)
    means = np.stack(
        [voices.embeddings[voices.speakers == s].mean(axis=0) for s in np.unique(voices.speakers)]
    )
    store = 60 / 90 * means.mean(axis=0)
    np.testing.assert_allclose(background.mean, store, atol=1e-6)
    rows = (voices.languages == "en") & (voices.noises == "clean")
    speakers = np.unique(voices.speakers[rows])
    cell = np.mean(
        [voices.embeddings[rows & (voices.speakers == s)].mean(axis=0) for s in speakers], axis=0
    )
    share = len(speakers) / (len(speakers) + 10)
    expected = share * cell + (1 - share) * store
    number = background.cells.tolist().index("en/clean")
    np.testing.assert_allclose(background.cell_means[number], expected, atol=1e-6)


def test_unknown_cells_are_centred_on_the_store(voices: Voices) -> None:
    background = Background.fit(voices)
    other = Voices.of(labelled_table(speakers=2, languages=["xh"], seed=5))
    np.testing.assert_allclose(
        background.centre(other), unit(other.embeddings - background.mean), atol=1e-6
    )


def test_asnorm_equals_the_formula(voices: Voices) -> None:
    background = Background.fit(voices)
    seen = background.apply(voices)
    left, right = np.array([0, 5, 3]), np.array([9, 17, 40])
    assert len(set(zip(voices.noises[left], voices.noises[right], strict=True))) > 1

    def side(score: float, own: int, other: int) -> float:
        """Strangers to one side, in the other side's condition."""
        strangers = background.cohort_names != voices.speakers[own]
        cohort = background.cohort[strangers & (background.cohort_noises == voices.noises[other])]
        members = np.sum(background.cohort_noises == voices.noises[other])
        top = np.sort(cohort @ seen.embeddings[own])[-max(10, round(members / 5)) :]
        return float((score - top.mean()) / top.std())

    score = np.sum(seen.embeddings[left] * seen.embeddings[right], axis=1)
    pairs = list(zip(score.tolist(), left.tolist(), right.tolist(), strict=True))
    expected = [0.5 * (side(s, a, b) + side(s, b, a)) for s, a, b in pairs]
    np.testing.assert_allclose(seen.normalised(score, left, right), expected, atol=1e-5)


def test_a_condition_of_few_speakers_has_the_whole_cohort(voices: Voices) -> None:
    background = Background.fit(voices)
    rare = voices.noises.copy()
    rare[0] = "unknown"
    some = background.compare(background.centre(voices), names_of(voices), rare)
    assert some.condition[0] == some.means.shape[1] - 1
    assert some.condition[1] < some.means.shape[1] - 1
    whole = background.compare(background.centre(voices), names_of(voices))
    left, right = np.array([0]), np.array([0])
    np.testing.assert_allclose(
        some.normalised(np.ones(1), left, right), whole.normalised(np.ones(1), left, right)
    )


def test_asnorm_by_hand() -> None:
    """Of a cohort of five, the best four count: cosines 1, 0.8, 0.6, 0 and 0.6, 0, 0, 0."""
    cohort = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.6, 0, 0.8], [0, 0, 1], [-1, 0, 0]], np.float32)
    names = np.array(["a", "b", "c", "d", "e"])
    noises = np.array(["clean"] * 5)
    background = Background(np.zeros(3, np.float32), names[:0], cohort[:0], cohort, names, noises)
    pair = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    seen = background.compare(pair, np.array(["x", "y"]))
    np.testing.assert_allclose(seen.cohort_mean, [0.6, 0.15], atol=1e-7)
    np.testing.assert_allclose(seen.deviations[:, -1] ** 2, [0.14, 0.0675], atol=1e-7)
    expected = 0.5 * ((0.3 - 0.6) / np.sqrt(0.14) + (0.3 - 0.15) / np.sqrt(0.0675))
    got = seen.normalised(np.array([0.3]), np.array([0]), np.array([1]))
    assert got[0] == pytest.approx(expected, abs=1e-6)


def test_cohort_holds_one_mean_a_speaker_and_condition_less_the_excluded(voices: Voices) -> None:
    background = Background.fit(voices, exclude_speakers=["s003"])
    members = set(zip(background.cohort_names, background.cohort_noises, strict=True))
    labels = set(zip(voices.speakers.tolist(), voices.noises.tolist(), strict=True))
    assert members == {(speaker, noise) for speaker, noise in labels if speaker != "s003"}
    assert len(background.cohort) == len(members)
    name, noise = background.cohort_names[0], background.cohort_noises[0]
    rows = (voices.speakers == name) & (voices.noises == noise)
    mean = background.centre(voices)[rows].mean(axis=0)
    np.testing.assert_allclose(background.cohort[0], mean / np.linalg.norm(mean), atol=1e-5)
    again = Background.fit(voices).without(["s003"], [])
    np.testing.assert_array_equal(again.cohort, background.cohort)


def test_unlabelled_recordings_fill_a_cohort_short_of_speakers() -> None:
    table = labelled_table(speakers=20)
    nobody = table.set_column(4, "speaker", pa.nulls(len(table), pa.string()))
    voices = Voices.of(nobody)
    background = Background.fit(voices)
    assert len(background.cohort) == len(voices)
    first = int(voices.ids[0])
    assert f"#{first}" not in background.without([], [first]).cohort_names


def test_prior_stands_in_for_a_small_cohort(voices: Voices) -> None:
    prior = Background.fit(voices)
    few = Voices.of(labelled_table(speakers=5, seed=3))
    fitted = Background.fit(few, prior, exclude_speakers=[], seed=1)
    np.testing.assert_array_equal(fitted.cohort, prior.cohort)
    assert len(Background.fit(few).cohort) < SMALLEST_COHORT
    np.testing.assert_array_equal(
        Background.fit(few).without(["s000"], [], prior).cohort, prior.cohort
    )


def test_without_a_cohort_scores_are_unknown(voices: Voices) -> None:
    seen = Background.empty(32).apply(voices)
    np.testing.assert_allclose(seen.embeddings, voices.embeddings, atol=1e-6)
    assert np.isnan(seen.normalised(np.zeros(1), np.array([0]), np.array([1]))).all()


def test_centring_removes_the_channel(voices: Voices) -> None:
    background = Background.fit(voices)
    same_noise = voices.noises[:, None] == voices.noises[None]
    other_speaker = voices.speakers[:, None] != voices.speakers[None]

    def gap(embeddings: np.ndarray) -> float:
        cosines = embeddings @ embeddings.T
        alike, apart = cosines[same_noise & other_speaker], cosines[~same_noise & other_speaker]
        return float(alike.mean() - apart.mean())

    assert gap(background.centre(voices)) < 0.5 * gap(voices.embeddings)


def test_a_large_store_is_fitted_within_two_seconds() -> None:
    generator = np.random.default_rng(0)
    base = Voices.of(labelled_table(speakers=10))
    rows = generator.integers(0, len(base), 31_000)
    large = base.take(rows)
    large.speakers[:] = [f"speaker {n}" for n in generator.integers(0, 5_000, 31_000)]
    start = time.process_time()
    Background.fit(large)
    assert time.process_time() - start < 2
