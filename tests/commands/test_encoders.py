"""`spkret models` and `spkret export-onnx`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from spkret.indexer.encoders import registry
from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store

Run = Callable[..., Result]


def test_models_lists_names_and_the_store_s_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Store.create(tmp_path / "store", EncoderIdentity("mine", "f00d", 8))
    document = json.loads(run("models", "--store", tmp_path / "store", "--json").stdout)
    assert [model["name"] for model in document["models"]][:2] == ["compact", "ecapa"]
    assert document["store"] == {
        "name": "mine",
        "fingerprint": "f00d",
        "dimension": 8,
        "parts": [],
    }
    text = run("models").stdout
    assert text.splitlines()[0].split()[:2] == ["name", "dimension"]


def test_export_onnx_writes_a_file_that_says_how_alike_it_is(run: Run, tmp_path: Path) -> None:
    document = json.loads(run("export-onnx", "compact", tmp_path / "c.onnx", "--json").stdout)
    assert document["dimension"] == registry.load("compact", "cpu").identity.dimension
    assert document["cosine"] > 0.99999
    assert (tmp_path / "c.onnx").exists()


def test_export_onnx_wants_the_suffix(run: Run, tmp_path: Path) -> None:
    result = run("export-onnx", "compact", tmp_path / "c.bin", status=2)
    assert "ends in .onnx" in result.stderr
