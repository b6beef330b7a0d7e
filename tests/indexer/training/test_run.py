"""`train-encoder` on synthetic speakers: it learns, resumes, and writes what `--model` takes."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import voice, write_audio
from encoder_folders import native_folder

from spkret.errors import EncoderError, UsageError
from spkret.indexer.encoders import native, registry
from spkret.indexer.encoders.ecapa_tdnn import NetworkConfig
from spkret.indexer.encoders.trainable.base import Trainable
from spkret.indexer.encoders.trainable.nemo import small_speakernet
from spkret.indexer.training import material, run, trainer
from spkret.indexer.training.config import TrainConfig
from spkret.indexer.training.corpus import read_corpus
from spkret.indexer.training.dev import DevResult
from spkret.indexer.training.losses import LOSSES
from spkret.indexer.training.progress import Clock, Progress
from spkret.indexer.training.recipe import FINE_TUNING, Recipe
from spkret.indexer.training.waves import Sounds

TINY = NetworkConfig(channels=16, pooled=48, attention=8, squeeze=8, voice=12, colour=4)
SHORT = Recipe(steps=3, batch=8, crop_s=0.4, final_crop_s=0.5, warmup=1, rate=3e-3)


def ignore(progress: Progress) -> None:
    """Nobody watches."""


def request(corpus: Path, out: Path, **changes: Any) -> run.TrainRequest:
    options = {"network": TINY, "recipe": SHORT, **changes}
    return run.TrainRequest(corpus, out, "tiny", **options)


def test_it_learns_and_writes_an_encoder_with_its_card(corpus: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    longer = replace(SHORT, steps=25, batch=16, warmup=5, evaluate_every=10)
    result = run.train_encoder(request(corpus, tmp_path / "out", recipe=longer), seen.append)
    assert (result.training_speakers, result.development_speakers) == (6, 6)
    assert (result.steps, result.kept_step) == (25, 25)
    assert [progress.step for progress in seen] == [10, 20, 25]
    assert 0.0 <= result.development.eer < 0.5
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert "6 training speakers" in card
    assert "| radio | 3 | 0.00 | CC0 |" in card
    assert "| studio | 3 | 0.00 | MIT |" in card
    assert len((tmp_path / "out" / "training" / "log.csv").read_text().splitlines()) == 4
    encoder = registry.load(str(tmp_path / "out"), device="cpu")
    assert encoder.identity.name == "tiny"
    assert encoder.encode_equal(np.ones((1, 8_000), np.float32)).shape == (1, 16)


class Killed(Exception):  # noqa: N818
    """What ends a run from outside."""


def kill_at(step: int, progress: Progress) -> None:
    if progress.step == step:
        raise Killed


def test_a_run_cut_in_three_equals_one_run(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights, averages, optimisers, random numbers and the best state."""
    monkeypatch.setattr(run, "TrainConfig", partial(TrainConfig, checkpoint_every=1))
    start = str(native_folder(tmp_path / "start"))
    recipe = replace(FINE_TUNING, steps=6, batch=8, crop_s=0.4, warmup=2, evaluate_every=2)
    whole = request(corpus, tmp_path / "whole", initial=start, recipe=recipe)
    run.train_encoder(whole, ignore)
    cut = replace(whole, out=tmp_path / "cut")
    for step in (1, 4):
        with pytest.raises(Killed):
            run.train_encoder(cut, partial(kill_at, step))
    run.train_encoder(cut, ignore)
    states = [
        torch.load(tmp_path / name / "training" / "checkpoint.pt", weights_only=True)
        for name in ("whole", "cut")
    ]
    for state in states:
        del state["seconds"]
    assert states[0].pop("rng") == states[1].pop("rng")
    torch.testing.assert_close(*states)
    assert states[0]["step"] == 6


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "aam"])
def test_every_loss_trains(corpus: Path, tmp_path: Path, loss: str) -> None:
    takes = 2 if LOSSES[loss].pairs else 1
    config = TrainConfig(tmp_path, replace(SHORT, loss=loss, takes=takes), TINY)
    data = read_corpus(corpus, seed=1)
    losses: list[Progress] = []
    trained = trainer.train(config, data.training, data.development, Sounds(), losses.append)
    assert trained.steps == 3
    assert losses[-1].loss is not None
    assert np.isfinite(losses[-1].loss)


def tiny_speakernet() -> Trainable:
    return small_speakernet(channels=8)


def test_a_speakernet_trains_from_scratch(corpus: Path, tmp_path: Path) -> None:
    asked = request(corpus, tmp_path / "out", network=tiny_speakernet())
    run.train_encoder(asked, ignore)
    encoder = registry.load(str(tmp_path / "out"), device="cpu")
    assert encoder.encode_equal(np.ones((2, 8_000), np.float32)).shape == (2, 192)
    assert "SpeakerNet" in (tmp_path / "out" / "MODEL_CARD.md").read_text()


def test_all_of_the_initial_weights_kept_is_the_initial_encoder(
    corpus: Path, tmp_path: Path
) -> None:
    start = native_folder(tmp_path / "start")
    recipe = replace(SHORT, keep=1.0)
    run.train_encoder(request(corpus, tmp_path / "out", initial=str(start), recipe=recipe), ignore)
    waves = np.random.default_rng(0).standard_normal((2, 16_000)).astype(np.float32)
    before, after = (native.OnnxEncoder(f).encode_equal(waves) for f in (start, tmp_path / "out"))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_early_stopping_keeps_the_best_weights(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dev figures that only fall: the run ends after two, with the weights it began with."""
    figures = iter([0.9, 0.8, 0.7, 0.6])
    monkeypatch.setattr(
        material, "score", lambda *_: DevResult(eer=0.1, top1=next(figures), cells=1)
    )
    start = native_folder(tmp_path / "start")
    recipe = replace(SHORT, steps=50, evaluate_every=2, patience=2)
    asked = request(corpus, tmp_path / "out", initial=str(start), recipe=recipe)
    result = run.train_encoder(asked, ignore)
    assert (result.steps, result.kept_step) == (4, 0)
    ours, theirs = (native.load_network(f).state_dict() for f in (tmp_path / "out", start))
    torch.testing.assert_close(ours, theirs)


class HalfSeconds(Clock):
    """A clock by which every look at it takes half a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def seconds(self) -> float:
        self.now += 0.5
        return self.now

    def add(self, seconds: float) -> None:
        self.now += seconds


def test_minutes_end_a_run_at_the_end_of_its_schedule(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "Clock", HalfSeconds)
    config = TrainConfig(tmp_path, replace(SHORT, steps=100_000, minutes=0.1), TINY)
    data, seen = read_corpus(corpus, seed=1), list[Progress]()
    trained = trainer.train(config, data.training, data.development, Sounds(), seen.append)
    assert trained.steps == 11
    assert seen[-1].dev is not None


def test_no_time_left_after_the_features_is_one_line(corpus: Path, tmp_path: Path) -> None:
    asked = request(corpus, tmp_path / "out", recipe=replace(SHORT, minutes=1e-6))
    with pytest.raises(EncoderError, match="cached now: run the same command again"):
        run.train_encoder(asked, ignore)


def test_one_language_alone(corpus: Path) -> None:
    spoken = read_corpus(corpus, seed=1, language="es")
    assert {u.speaker for u in spoken.training} == {"s4", "s5"}
    with pytest.raises(EncoderError, match="in the language 'zh', got 0 and 0"):
        read_corpus(corpus, seed=1, language="zh")


def test_a_manifest_without_labels_says_what_it_needs(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", voice(1.0))
    (tmp_path / "manifest.csv").write_text("path,language\na.wav,en\n")
    with pytest.raises(EncoderError, match="got 0 and 0"):
        run.train_encoder(request(tmp_path / "manifest.csv", tmp_path / "out"), ignore)


def test_a_checkpoint_of_other_speakers_is_refused(corpus: Path, tmp_path: Path) -> None:
    run.train_encoder(request(corpus, tmp_path / "out"), ignore)
    fewer = corpus.with_name("fewer.csv")
    fewer.write_text(corpus.read_text().replace(",s5,", ",s4,"))
    with pytest.raises(EncoderError, match="use another --out"):
        run.train_encoder(request(fewer, tmp_path / "out"), ignore)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keep": 0.3}, "--init compact"),
        ({"takes": 8}, "larger --batch"),
        ({"loss": "triplet"}, "--crops-per-speaker"),
    ],
)
def test_recipes_that_cannot_work_are_refused(
    corpus: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    asked = request(corpus, tmp_path / "out", recipe=replace(SHORT, **changes))
    with pytest.raises(UsageError, match=message):
        run.train_encoder(asked, ignore)
