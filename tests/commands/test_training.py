"""What `spkret train-encoder` asks of the trainer."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from spkret.commands.demo import CORPUS
from spkret.indexer.encoders.ecapa_tdnn import NetworkConfig
from spkret.indexer.training import run as training
from spkret.indexer.training.dev import DevResult
from spkret.indexer.training.progress import Progress
from spkret.indexer.training.recipe import FINE_TUNING, SCRATCH

Run = Callable[..., Result]
Asked = list[training.TrainRequest]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the trainer was asked for; it trains nothing."""
    requests: Asked = []

    def train(
        request: training.TrainRequest, report: Callable[[Progress], None]
    ) -> training.TrainResult:
        requests.append(request)
        measured = DevResult(eer=0.125, top1=0.5, cells=2)
        report(Progress(0, None, 0.0, measured))
        report(Progress(7, 1.5, 90.0, measured))
        return training.TrainResult(request.out, 9, 7, 30, 10, measured)

    monkeypatch.setattr(training, "train_encoder", train)
    return requests


def arguments(out: Path) -> tuple[object, ...]:
    return ("train-encoder", CORPUS / "manifest.csv", "--out", out, "--device", "cpu")


def test_it_hands_over_what_was_asked(run: Run, tmp_path: Path, asked: Asked) -> None:
    options = ("--init", "compact", "--steps", 7, "--rate", 0.01, "--keep", 0.3, "--minutes", 10)
    result = run(*arguments(tmp_path / "mine"), *options, "--language", "zh_CN", "--speeds", "1")
    assert "EER 12.50%, top-1 50.0%" in result.stdout
    assert "kept the weights of step 7" in result.stdout
    lines = result.stderr.splitlines()
    assert lines[0] == "step 0  dev EER 12.50%  top-1 50.0%"
    assert lines[1].startswith("step 7  loss 1.500  90 crops/s")
    assert (asked[0].initial, asked[0].name, asked[0].language) == ("compact", "mine", "zh")
    expected = replace(FINE_TUNING, steps=7, rate=0.01, keep=0.3, minutes=10.0, speeds=(1.0,))
    assert asked[0].recipe == expected


def test_without_options_it_is_the_usual_recipe(run: Run, tmp_path: Path, asked: Asked) -> None:
    document = json.loads(run(*arguments(tmp_path / "mine"), "--json").stdout)
    assert document["development"]["top1"] == 0.5
    assert (asked[0].recipe, asked[0].network) == (SCRATCH, NetworkConfig())
    assert asked[0].initial is None


def test_losses_that_compare_crops_get_several(run: Run, tmp_path: Path, asked: Asked) -> None:
    run(*arguments(tmp_path / "a"), "--loss", "supcon", "--network", "speakernet")
    run(*arguments(tmp_path / "b"), "--loss", "triplet", "--crops-per-speaker", 8, "--patience", 0)
    assert (asked[0].recipe.takes, asked[0].network.family) == (4, "nemo")
    assert (asked[1].recipe.takes, asked[1].recipe.patience) == (8, None)


def test_the_width_of_a_network(run: Run, tmp_path: Path, asked: Asked) -> None:
    run(*arguments(tmp_path / "a"), "--channels", 64)
    assert asked[0].network == NetworkConfig(channels=64, pooled=192)
    told = run(*arguments(tmp_path / "b"), "--channels", 64, "--init", "compact", status=2)
    assert "--channels only without --init" in told.output


@pytest.mark.parametrize(
    ("written", "speeds"), [("0.9,1,1.1", (1.0, 0.9, 1.1)), ("1.2,0.8", (1.0, 0.8, 1.2))]
)
def test_speeds_begin_with_the_recording_s_own(
    run: Run, tmp_path: Path, asked: Asked, written: str, speeds: tuple[float, ...]
) -> None:
    run(*arguments(tmp_path / "a"), "--speeds", written)
    assert asked[0].recipe.speeds == speeds


@pytest.mark.parametrize("written", ["fast", "0.1", "nan", ""])
def test_other_speeds_are_wrong_usage(run: Run, tmp_path: Path, written: str) -> None:
    assert "expected" in run(*arguments(tmp_path / "a"), "--speeds", written, status=2).output


def test_the_help_tells_the_defaults(run: Run) -> None:
    told = " ".join(run("train-encoder", "--help").stdout.split())
    assert f"by default {SCRATCH.steps}, with --init {FINE_TUNING.steps}" in told
    assert f"by default {SCRATCH.rate}, with --init {FINE_TUNING.rate}" in told
    assert f"by default {SCRATCH.evaluate_every}, with --init {FINE_TUNING.evaluate_every}" in told
    assert f"by default {SCRATCH.layer_decay:g}, with --init {FINE_TUNING.layer_decay}" in told
    assert f"with --init {FINE_TUNING.patience}" in told
    assert f"Crops in a step; by default {SCRATCH.batch}" in told
