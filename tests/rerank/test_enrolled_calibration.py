from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import labelled_table

from spkret.rerank.enrolled_calibration import (
    FEWEST_SPEAKERS,
    UNCHANGED,
    EnrolledCalibration,
    _held_out,
    cached,
    calibrate,
)
from spkret.rerank.evaluation import Evaluation
from spkret.rerank.features import NAMES, Features
from spkret.rerank.ranker import Reranker
from spkret.rerank.scoring import Scored
from spkret.retrieval.groups import Groups
from spkret.retrieval.library import Gathered
from spkret.retrieval.normalize import Background
from spkret.retrieval.voices import Voices


def fitted(reranker: Reranker, voices: Voices) -> EnrolledCalibration:
    rows = np.arange(len(voices))
    everything = Gathered(voices, rows.astype(object), np.ones(len(rows), bool), rows)
    return calibrate(voices, everything.take, Background.fit(voices), reranker, 50)


def test_it_is_fitted_to_one_recording_a_speaker(trained: tuple[Reranker, Evaluation]) -> None:
    voices = Voices.of(labelled_table(70, 4, spread=1.1, channel=1.0, seed=5))
    found = fitted(trained[0], voices)
    assert FEWEST_SPEAKERS < found.speakers <= 70
    assert found.slope > 0
    assert 0.01 < found.temperature < 10


def test_neither_names_nor_order_matter(trained: tuple[Reranker, Evaluation]) -> None:
    table = labelled_table(30, 3, spread=1.1, channel=1.0, seed=5)
    voices = Voices.of(table)
    turned = voices.take(np.random.default_rng(0).permutation(len(voices)))
    one, two = fitted(trained[0], voices), fitted(trained[0], turned)
    assert one.speakers == two.speakers
    assert one.temperature == pytest.approx(two.temperature, rel=0.02)
    assert (one.slope, one.offset) == pytest.approx((two.slope, two.offset), rel=0.02, abs=0.02)


def test_too_few_speakers_change_nothing(trained: tuple[Reranker, Evaluation]) -> None:
    few = Voices.of(labelled_table(FEWEST_SPEAKERS - 1, 3))
    single = Voices.of(labelled_table(60, 1))
    copied = single.joined(single)
    for voices in (few, single, copied):
        assert fitted(trained[0], voices) is UNCHANGED


def test_a_speaker_of_copies_of_held_out_audio_is_not_taken_for_another(
    trained: tuple[Reranker, Evaluation],
) -> None:
    voices = Voices.of(labelled_table(30, 3, spread=1.1, channel=1.0, seed=5))
    held, _ = _held_out(voices)
    double = replace(voices.take(held[:2]), speakers=np.array(["s000x"] * 2, object))
    together = voices.joined(replace(double, ids=np.array([1, 2])))
    assert fitted(trained[0], together).speakers == fitted(trained[0], voices).speakers


def scored(probabilities: list[float], none: list[float], groups: Groups) -> Scored:
    values = np.array(probabilities)
    features = Features(np.zeros((len(values), len(NAMES)), np.float32))
    return Scored(groups, features, "reranker", np.log(values), values, np.array(none))


def test_probabilities_by_hand() -> None:
    groups = Groups.of([0, 1], [[2, 3], [4]])
    given = scored([0.8, 0.2, 1.0], [0.5, 0.2], groups)
    assert UNCHANGED.apply(given) is given
    sharper = EnrolledCalibration(20, temperature=0.5, slope=2.0, offset=-1.0).apply(given)
    np.testing.assert_allclose(sharper.probabilities, [16 / 17, 1 / 17, 1.0])
    odds = np.array([0.0, np.log(0.25)]) * 2 - 1
    np.testing.assert_allclose(sharper.none_probabilities, 1 / (1 + np.exp(-odds)))


def test_it_is_kept_until_its_key_is_another(tmp_path: Path) -> None:
    path, calls = tmp_path / "index" / "speakers.json", []

    def fit() -> EnrolledCalibration:
        calls.append(1)
        return EnrolledCalibration(20, 0.5, 1.5, len(calls))

    first = cached(path, "1", fit)
    assert cached(path, "1", fit) == first
    assert cached(path, "2", fit).offset == 2
    path.write_text("{")
    assert cached(path, "2", fit).offset == 3
    path.write_text('{"key": "2", "speakers": 1, "age": 2}')
    assert cached(path, "2", fit).offset == 4
