"""`spkret probe` on the example corpus."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_probe_of_mfcc_prints_tables_with_a_cnn(run: Run, store: Path) -> None:
    options = ("--features", "mfcc", "--limit", 12, "--folds", 2)
    lines = run("probe", "--target", "gender", *options, "--store", store).stdout.splitlines()
    assert lines[0].startswith("gender from mfcc: 24 recordings of 24 speakers, 2 classes; 2 folds")
    names = [line.split()[0] for line in lines if line]
    assert {"naive", "logistic", "lightgbm", "mlp", "cnn"} <= set(names)
    assert any(line.startswith("true \\ predicted") for line in lines)


def test_probe_with_an_encoder_is_one_json_document(run: Run, store: Path) -> None:
    options = ("--features", "compact", "--limit", 8, "--folds", 2, "--json")
    report = json.loads(run("probe", "--target", "noise", *options, "--store", store).stdout)
    assert (report["target"], report["features"], report["recordings"]) == ("noise", "compact", 24)
    assert report["absent"] == {"cnn": "needs frames: --features mfcc"}
    assert len(report["inspection"]["features"]) == 48
    assert set(report["classifiers"][0]["figures"]) == {
        *("accuracy", "balanced_accuracy", "precision", "recall", "f1")
    }


def test_probe_without_enough_speakers_fails_in_one_line(run: Run, store: Path) -> None:
    where = ("--where", "language = 'de'")
    result = run("probe", "--target", "language", *where, "--store", store, status=1)
    assert len(result.stderr.splitlines()) == 1
    assert "expected at least 2 values of language with 5 speakers each, found 1" in result.stderr
