"""`spkret models`, and what `spkret train-encoder` asks of the trainer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from spkret.commands.demo import CORPUS
from spkret.indexer.encoders import registry
from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store

Run = Callable[..., Result]


def test_models_lists_names_and_the_store_s_own(run: Run, tmp_path: Path) -> None:
    Store.create(tmp_path / "store", EncoderIdentity("mine", "f00d", 8))
    document = json.loads(run("models", "--store", tmp_path / "store", "--json").stdout)
    assert [model["name"] for model in document["models"]][:2] == ["compact", "ecapa"]
    assert document["store"] == {"name": "mine", "fingerprint": "f00d", "dimension": 8}
    text = run("models", "--store", tmp_path / "nothing").stdout
    assert text.splitlines()[0].split()[:2] == ["name", "dimension"]


def test_train_encoder_hands_over_what_was_asked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spkret.indexer.training import run as training
    from spkret.indexer.training.dev import DevResult
    from spkret.indexer.training.trainer import Progress, Schedule

    asked = []

    def train(
        request: training.TrainRequest, report: Callable[[Progress], None]
    ) -> training.TrainResult:
        asked.append(request)
        measured = DevResult(eer=0.125, top1=0.5, cells=2)
        report(Progress(7, 1.5, 90.0, measured))
        return training.TrainResult(request.out, request.schedule.steps, 30, 10, measured)

    monkeypatch.setattr(training, "train_encoder", train)
    out = tmp_path / "mine"
    arguments = ("train-encoder", CORPUS / "manifest.csv", "--out", out, "--device", "cpu")
    result = run(*arguments, "--init", "compact", "--steps", 7, "--rate", 0.01)
    assert "EER 12.50%, top-1 50.0%" in result.stdout
    assert result.stderr.startswith("step 7  loss 1.500  90 crops/s")
    assert asked[0].initial == registry.SHIPPED
    assert asked[0].name == "mine"
    assert (asked[0].schedule.steps, asked[0].schedule.rate) == (7, 0.01)
    assert asked[0].schedule.batch == Schedule().batch
    assert json.loads(run(*arguments, "--json").stdout)["development"]["top1"] == 0.5
    assert asked[1].initial is None


def test_export_onnx_writes_a_file_that_says_how_alike_it_is(run: Run, tmp_path: Path) -> None:
    document = json.loads(run("export-onnx", "compact", tmp_path / "c.onnx", "--json").stdout)
    assert document["dimension"] == 256
    assert document["cosine"] > 0.99999
    assert (tmp_path / "c.onnx").exists()


def test_export_onnx_wants_the_suffix(run: Run, tmp_path: Path) -> None:
    result = run("export-onnx", "compact", tmp_path / "c.bin", status=2)
    assert "ends in .onnx" in result.stderr
