"""`train-encoder` on synthetic speakers: it learns, resumes, and writes what `--model` takes."""

import csv
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import voice, write_audio

from spkret.errors import EncoderError
from spkret.indexer.encoders import registry
from spkret.indexer.encoders.ecapa_tdnn import NetworkConfig
from spkret.indexer.training import rooms, run, trainer
from spkret.indexer.training.schedule import Schedule
from spkret.indexer.training.trainer import Progress

TINY = NetworkConfig(channels=16, pooled=48, attention=8, squeeze=8, voice=12, colour=4)
SCHEDULE = Schedule(
    steps=30,
    batch=16,
    frames=40,
    final_frames=50,
    warmup=5,
    rate=3e-3,
)


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve voices of four files; the last six are the dev speakers."""
    monkeypatch.setattr(run, "NetworkConfig", lambda: TINY)
    monkeypatch.setattr(trainer, "VERSIONS", trainer.VERSIONS[:2])
    monkeypatch.setattr(rooms, "SIMULATED", 3)
    rows = []
    for speaker in range(12):
        for take in range(4):
            name = f"{speaker}-{take}.wav"
            write_audio(tmp_path / name, voice(1.2, f0_hz=90 + 12 * speaker, seed=take))
            rows.append([name, f"s{speaker}", "en", "train" if speaker < 6 else "dev"])
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "speaker", "language", "split"], *rows])
    return tmp_path / "manifest.csv"


def test_it_writes_an_encoder_and_its_dev_figures(corpus: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    request = run.TrainRequest(corpus, tmp_path / "out", "tiny", schedule=SCHEDULE)
    result = run.train_encoder(request, seen.append)
    assert (result.training_speakers, result.development_speakers) == (6, 6)
    assert 0.0 <= result.development.eer < 0.5
    assert "6 training speakers" in (tmp_path / "out" / "MODEL_CARD.md").read_text()
    encoder = registry.load(str(tmp_path / "out"), device="cpu")
    assert encoder.identity.name == "tiny"
    assert encoder.encode_equal(np.ones((1, 8_000), np.float32)).shape == (1, 16)


def test_a_run_cut_in_two_equals_one_run(corpus: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole = run.TrainRequest(corpus, tmp_path / "whole", "tiny", schedule=SCHEDULE)
    run.train_encoder(whole, lambda progress: None)  # noqa: ARG005
    cut = replace(whole, out=tmp_path / "cut")

    class Killed(Exception):  # noqa: N818
        pass

    def kill(progress: Progress) -> None:
        if progress.step == 10:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "TrainConfig", partial(trainer.TrainConfig, checkpoint_every=10))
        with pytest.raises(Killed):
            run.train_encoder(cut, kill)
        run.train_encoder(cut, lambda progress: None)  # noqa: ARG005
    states = [
        torch.load(tmp_path / name / "training" / "checkpoint.pt", weights_only=True)
        for name in ("whole", "cut")
    ]
    for key, value in states[0]["network"].items():
        torch.testing.assert_close(value, states[1]["network"][key])


def test_a_manifest_without_labels_says_what_it_needs(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", voice(1.0))
    (tmp_path / "manifest.csv").write_text("path,language\na.wav,en\n")
    request = run.TrainRequest(tmp_path / "manifest.csv", tmp_path / "out", "x")
    with pytest.raises(EncoderError, match="got 0 and 0"):
        run.train_encoder(request, lambda progress: None)  # noqa: ARG005


def test_a_checkpoint_of_other_speakers_is_refused(corpus: Path, tmp_path: Path) -> None:
    request = run.TrainRequest(
        corpus, tmp_path / "out", "tiny", schedule=replace(SCHEDULE, steps=4)
    )
    run.train_encoder(request, lambda progress: None)  # noqa: ARG005
    corpus.write_text(corpus.read_text().replace(",s5,", ",s4,"))
    with pytest.raises(EncoderError, match="use another --out"):
        run.train_encoder(request, lambda progress: None)  # noqa: ARG005
