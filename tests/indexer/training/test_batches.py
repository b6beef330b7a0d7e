"""Batches hold whom they should, as often as they should."""

import numpy as np
import pytest

from spkret.indexer.encoders.frontend import FrontEndConfig
from spkret.indexer.training.batches import Source, speaker_classes
from spkret.indexer.training.distort import Distortion
from spkret.indexer.training.features import Features, Utterance
from spkret.indexer.training.speed import Speeds

MELS, FRAMES = 20, 60
FRONT_END = FrontEndConfig(mels=MELS)


def source(rows_of: list[int], speeds: tuple[float, ...] = (1.0,), takes: int = 1) -> Source:
    """Speakers with so many utterances each; every frame of speaker s is s."""
    speakers = np.repeat(np.arange(len(rows_of)), rows_of)
    rows = len(speakers)
    frames = np.repeat(speakers, FRAMES)[:, None] * np.ones(MELS)
    features = Features(
        shards=[frames.astype(np.float16)],
        shard=np.zeros(rows, np.int32),
        starts=np.arange(rows) * FRAMES,
        counts=np.full(rows, FRAMES),
        utterance=np.arange(rows),
        version=np.zeros(rows, np.int32),
    )
    utterances = [Utterance(str(i), str(s), "") for i, s in enumerate(speakers)]
    return Source(
        features,
        speaker_classes(features, utterances),
        Speeds(speeds, FRONT_END),
        Distortion(FRONT_END, []),
        takes,
    )


def test_speakers_are_drawn_by_the_square_root_of_their_speech() -> None:
    drawn = source([1, 4, 16])
    _, labels = drawn.draw(4_000, 10, np.random.default_rng(0))
    shares = np.bincount(labels) / len(labels)
    np.testing.assert_allclose(shares, np.array([1, 2, 4]) / 7, atol=0.02)


def test_a_long_speaker_is_drawn_no_more_often_past_a_limit() -> None:
    weights = source([34, 100, 300]).speakers.weights
    assert weights[1] == weights[2]


@pytest.mark.parametrize("takes", [2, 4])
def test_crops_of_a_speaker_come_together_and_at_one_speed(takes: int) -> None:
    drawn = source([3] * 8, speeds=(1.0, 0.9, 1.1), takes=takes)
    crops, labels = drawn.draw(17, 30, np.random.default_rng(1))
    assert crops.shape == (17 // takes * takes, 30, MELS)
    groups = labels.reshape(-1, takes)
    assert (groups == groups[:, :1]).all()
    assert drawn.classes == 24
    assert labels.max() < 24
    assert len(np.unique(labels // 8)) > 1
