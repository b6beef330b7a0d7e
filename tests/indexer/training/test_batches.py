"""Batches hold whom they should, as often as they should."""

import numpy as np
import pytest
import torch

from spkret.indexer.encoders.frontend import FrontEndConfig
from spkret.indexer.training import centres
from spkret.indexer.training.batches import Source, speaker_classes
from spkret.indexer.training.card import data_sources
from spkret.indexer.training.distort import Distortion
from spkret.indexer.training.features import Features, Utterance
from spkret.indexer.training.losses import AamSoftmax, Softmax
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


def test_centres_start_at_the_means_of_their_class() -> None:
    """Frames of speaker s are all s, so every crop of it has one direction: (1, s) here."""

    class Directions(torch.nn.Module):
        def forward(self, crops: torch.Tensor) -> torch.Tensor:
            level = crops.median(dim=2).values.median(dim=1).values
            return torch.stack([torch.ones_like(level), level], dim=1)

    drawn = source([2, 2, 2])
    drawn.distortion._chances.clear()
    loss = AamSoftmax(2, 3)
    centres.place(loss, Directions(), drawn, batch=12, frames=20, seed=0)
    expected = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]))
    torch.testing.assert_close(loss.weight.detach(), expected, atol=0.02, rtol=0)


def test_losses_without_centres_are_left_alone() -> None:
    loss = Softmax(2, 3)
    before = loss.classifier.weight.detach().clone()
    centres.place(loss, torch.nn.Identity(), source([2, 2, 2]), batch=4, frames=20, seed=0)
    torch.testing.assert_close(loss.classifier.weight.detach(), before)


def test_a_source_has_the_speech_that_is_cached_as_it_is() -> None:
    drawn = source([2, 1])
    files = [Utterance("a", "x", "", "radio", "CC0"), Utterance("b", "y", "", "radio", "CC0")]
    found = data_sources(drawn.features, [*files, Utterance("c", "z", "")], hop=240)
    assert [(s.name, s.licence, s.speakers) for s in found] == [("", "", 1), ("radio", "CC0", 2)]
    assert found[1].hours == pytest.approx(2 * FRAMES * 0.015 / 3_600)


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
