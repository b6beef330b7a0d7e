"""Whole probes of stores without audio."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import labelled_table, matched_store
from PIL import Image

import spkret
from spkret.analysis.probe.report import ProbeReport
from spkret.errors import OptionalDependencyError, SqlError, StoreError, UsageError

TABLE = labelled_table(speakers=24, recordings=4, dimension=12)


def of(report: ProbeReport, name: str) -> float:
    (found,) = [each for each in report.classifiers if each.name == name]
    return found.figures.balanced_accuracy.value


def with_labels(column: str, values: list[str]) -> pa.Table:
    position = TABLE.schema.get_field_index(column)
    return TABLE.set_column(position, TABLE.schema.field(column), pa.array(values))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return matched_store(tmp_path_factory.mktemp("probe") / "store", TABLE).path


def test_pitch_tells_gender_and_all_is_written(folder: Path, tmp_path: Path) -> None:
    report = spkret.probe(folder, "gender", "acoustics", out=tmp_path, folds=3)
    assert of(report, "naive") < 0.6
    assert of(report, "lightgbm") > 0.9
    assert report.inspection.features[0].name == "f0_hz"
    assert report.absent == {"cnn": "needs frames: --features mfcc"}
    assert [each.no_better_than_naive for each in report.classifiers][:1] == [None]
    assert json.loads((tmp_path / "probe.json").read_text()) == report.to_dict()
    rows = list(csv.DictReader((tmp_path / "predictions.csv").read_text().splitlines()))
    right = np.mean([row["lightgbm"] == row["true"] for row in rows])
    assert right == pytest.approx(report.classifiers[2].figures.accuracy.value)
    folds = {(row["speaker"], row["fold"]) for row in rows}
    assert len(folds) == len({speaker for speaker, _ in folds}) == 24
    assert {p.name for p in tmp_path.glob("*.csv")} == {
        *("classes.csv", "classifiers.csv", "confusion.csv", "features.csv", "outliers.csv"),
        *("predictions.csv", "redundant.csv"),
    }
    for name in ("classifiers", "confusion", "distributions", "projection"):
        with Image.open(tmp_path / f"{name}.png") as image:
            assert min(image.size) > 400
            assert len(np.unique(np.asarray(image.convert("L")))) > 10


def test_random_labels_are_predicted_no_better_than_naively(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    drawn = generator.choice(["clean", "background"], TABLE.num_rows).tolist()
    store = matched_store(tmp_path / "store", with_labels("noise", drawn))
    report = spkret.probe(store, "noise", "stored", folds=3)
    assert all(each.no_better_than_naive for each in report.classifiers[1:])


def test_speakers_are_probed_by_file_and_classes_are_bounded(folder: Path) -> None:
    report = spkret.probe(folder, "speaker", folds=4, classes=6, limit=4)
    assert (report.split, report.recordings, report.speakers) == ("file or session", 24, 6)
    assert of(report, "logistic") > 0.5 > of(report, "naive")
    assert report.warnings[-1].endswith("left out: only the 6 most frequent take part")


def test_a_store_with_one_gender_is_refused(tmp_path: Path) -> None:
    store = matched_store(tmp_path / "store", with_labels("gender", ["m"] * TABLE.num_rows))
    with pytest.raises(StoreError, match=r"found 1 of 1 \(m: 24\)"):
        spkret.probe(store, "gender")


def test_wrong_arguments_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="expected a target of gender, speaker"):
        spkret.probe(folder, "age")
    with pytest.raises(SqlError):
        spkret.probe(folder, "gender", where="no_such_column = 1")


def test_missing_matplotlib_is_one_line_before_any_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spkret.indexer.optional.find_spec", lambda _: None)
    message = r"probe --out needs matplotlib: pip install 'spkret\[plots\]'"
    with pytest.raises(OptionalDependencyError, match=message):
        spkret.probe(folder, "gender", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
