"""A probe as files: the report in JSON, tables in CSV, plots."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from .figures import ClassFigures, Figures
from .inspection import FeatureRow, Outlier, Pair
from .plots import draw
from .report import ProbeReport
from .run import Probed

Row = Sequence[object]


def write(probed: Probed, folder: Path) -> None:
    """Write `probe.json`, the tables and the plots into a folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    report = probed.report
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
    (folder / "probe.json").write_text(f"{text}\n", encoding="utf-8")
    _write_csv(folder / "classifiers.csv", _classifier_columns(), _classifiers(report))
    _write_csv(folder / "classes.csv", ["classifier", *_names(ClassFigures)], _classes(report))
    _write_csv(folder / "confusion.csv", ["classifier", "true", "predicted", "n"], _counts(report))
    _write_csv(folder / "predictions.csv", _prediction_columns(probed), _predictions(probed))
    found = report.inspection
    _write_csv(folder / "features.csv", _names(FeatureRow), map(astuple, found.features))
    _write_csv(folder / "outliers.csv", _names(Outlier), map(_outlier, found.outliers))
    _write_csv(folder / "redundant.csv", _names(Pair), map(astuple, found.redundant))
    draw(probed, folder)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _names(kind: type) -> list[str]:
    return [each.name for each in fields(kind)]


def _classifier_columns() -> list[str]:
    numbers = [f"{name}{end}" for name in _names(Figures) for end in ("", "_low", "_high")]
    return ["classifier", *numbers, "no_better_than_naive", "seconds"]


def _classifiers(report: ProbeReport) -> Iterable[Row]:
    for each in report.classifiers:
        numbers = [number for figure in astuple(each.figures) for number in figure]
        yield [each.name, *numbers, each.no_better_than_naive, each.seconds]


def _classes(report: ProbeReport) -> Iterable[Row]:
    for each in report.classifiers:
        yield from ([each.name, *astuple(row)] for row in each.classes)


def _counts(report: ProbeReport) -> Iterable[Row]:
    names = [each.name for each in report.classes]
    for each in report.classifiers:
        for true, row in zip(names, each.confusion, strict=True):
            yield from ([each.name, true, *cell] for cell in zip(names, row, strict=True))


def _prediction_columns(probed: Probed) -> list[str]:
    return ["id", "path", "speaker", "fold", "true", *probed.predictions]


def _predictions(probed: Probed) -> Iterable[Row]:
    names = [each.name for each in probed.report.classes]
    rows = probed.rows
    known = zip(rows.ids, rows.paths, rows.speakers, probed.folds, rows.labels, strict=True)
    answers = zip(*probed.predictions.values(), strict=True)
    for row, predicted in zip(known, answers, strict=True):
        yield [*row, *(names[each] for each in predicted)]


def _outlier(outlier: Outlier) -> Row:
    return [outlier.path, outlier.deviation, " ".join(outlier.features)]
