"""Probe a store: rows, features, cross-validation, figures."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...indexer.extraction import Extractor
from ...store.store import Store
from .choice import Choice, Scope, choose
from .classifiers import NAIVE, VECTORS, Classes, Classify
from .features import Features, Progress, Read
from .figures import Figures, class_figures, confusion, figures
from .folds import folds_of
from .inspection import inspect
from .report import ClassCount, ClassifierReport, ProbeReport
from .rows import Integers, ProbeRows, columns
from .target import Target

STORED, ACOUSTICS, MFCC = "stored", "acoustics", "mfcc"
CNN = "cnn"


@dataclass(frozen=True, slots=True)
class Probed:
    """A report and what it was made from; row i of each array is one recording.

    Attributes
    ----------
    report : the figures
    rows, features : the recordings, and what their tag was predicted from
    classes : int64 (n,), the position of the tag in the report's classes
    folds : int64 (n,), in which each was tested
    predictions : int64 (n,) a classifier, by its name
    """

    report: ProbeReport
    rows: ProbeRows
    features: Features
    classes: Classes
    folds: Integers
    predictions: Mapping[str, Classes]


@dataclass(frozen=True, slots=True)
class _Trained:
    """One classifier's predictions, and how long they took."""

    predicted: Classes
    seconds: float


def probe(
    store: Store,
    target: Target,
    features: str,
    scope: Scope,
    *,
    where: str | None,
    extractor: Callable[[], Extractor],
    progress: Progress,
) -> Probed:
    """Say how well classifiers predict a tag from features, by grouped cross-validation.

    Parameters
    ----------
    target : the tag
    features : `stored`, `acoustics`, `mfcc`, else the embeddings of `extractor`
    scope : how much takes part
    where : a DuckDB SQL condition on the recordings
    extractor : called if features are neither in the store nor MFCC
    progress : called while audio is read

    Raises
    ------
    StoreError
        Too few speakers or files have the tag, or no audio can be read.
    SqlError
        `where` is no condition on the columns.
    """
    table = store.recordings.scan(columns(target), where=where)
    choice = choose(ProbeRows.of(table, target), target, scope)
    read = _read(store, choice.rows, features, extractor, progress)
    if read.failures:
        kept = choose(choice.rows.take(read.rows), target, scope)
        among = np.isin(choice.rows.ids[read.rows], kept.rows.ids)
        read = Read(read.features.take(among), read.rows[among], read.failures)
        choice = Choice(kept.rows, choice.left_out + kept.left_out)
    warnings = [*_tagged(table, target), *choice.left_out, *_unread(read.failures)]
    return _probed(choice.rows, read.features, target, features, scope, warnings)


def _read(
    store: Store,
    rows: ProbeRows,
    features: str,
    extractor: Callable[[], Extractor],
    progress: Progress,
) -> Read:
    from . import heard, stored

    if features == MFCC:
        return heard.mfcc(rows, progress)
    if features not in (STORED, ACOUSTICS):
        return heard.embedded(rows, extractor(), progress)
    read = stored.stored_embeddings if features == STORED else stored.stored_acoustics
    return Read(read(store, rows), np.arange(len(rows)))


def _probed(
    rows: ProbeRows,
    features: Features,
    target: Target,
    source: str,
    scope: Scope,
    warnings: Sequence[str],
) -> Probed:
    names, classes = np.unique(rows.labels.astype(np.str_), return_inverse=True)
    folds = folds_of(rows, scope.folds, scope.seed)
    trained = {
        name: _cross_validated(classify, features, classes, folds, scope.seed)
        for name, classify in _classifiers(features).items()
    }
    report = ProbeReport(
        target=target,
        features=source,
        split=target.kept_apart,
        folds=scope.folds,
        seed=scope.seed,
        recordings=len(rows),
        speakers=len(set(rows.speakers)),
        classes=_class_counts(rows, names.tolist()),
        classifiers=_reports(trained, classes, rows.speakers, tuple(names.tolist()), scope.seed),
        absent={} if CNN in trained else {CNN: "needs frames: --features mfcc"},
        inspection=inspect(features, classes, rows.paths, scope.seed),
        warnings=tuple(warnings),
    )
    predictions = {name: each.predicted for name, each in trained.items()}
    return Probed(report, rows, features, classes, folds, predictions)


def _classifiers(features: Features) -> Mapping[str, Classify]:
    from .cnn import cnn

    return VECTORS if features.sequences is None else {**VECTORS, CNN: cnn}


def _cross_validated(
    classify: Classify, features: Features, classes: Classes, folds: Integers, seed: int
) -> _Trained:
    """Predict the classes of each fold from the others."""
    started = time.perf_counter()
    predicted = np.empty_like(classes)
    for fold in np.unique(folds):
        test = folds == fold
        train = features.take(~test)
        predicted[test] = classify(train, classes[~test], features.take(test), seed)
    return _Trained(predicted, time.perf_counter() - started)


def _reports(
    trained: Mapping[str, _Trained],
    truth: Classes,
    speakers: npt.NDArray[np.object_],
    names: tuple[str, ...],
    seed: int,
) -> tuple[ClassifierReport, ...]:
    clusters = speakers.astype(np.str_)
    measured = {
        name: figures(truth, each.predicted, clusters, seed) for name, each in trained.items()
    }
    return tuple(
        ClassifierReport(
            name=name,
            figures=measured[name],
            no_better_than_naive=_no_better(name, measured),
            classes=class_figures(truth, each.predicted, names),
            confusion=confusion(truth, each.predicted, len(names)).tolist(),
            seconds=each.seconds,
        )
        for name, each in trained.items()
    )


def _no_better(name: str, measured: Mapping[str, Figures]) -> bool | None:
    if name == NAIVE:
        return None
    ours, naive = measured[name].balanced_accuracy, measured[NAIVE].balanced_accuracy
    return ours.low <= naive.high


def _class_counts(rows: ProbeRows, names: Sequence[str]) -> tuple[ClassCount, ...]:
    members = [rows.labels == name for name in names]
    return tuple(
        ClassCount(name, int(member.sum()), len(set(rows.speakers[member])))
        for name, member in zip(names, members, strict=True)
    )


def _tagged(table: pa.Table, target: Target) -> list[str]:
    count = table[f"{target}_source"].to_pylist().count("tagger")
    return [f"{count} recordings left out: a tagger gave their {target}"] if count else []


def _unread(failures: Sequence[str]) -> list[str]:
    if not failures:
        return []
    return [f"{len(failures)} recordings left out: cannot be read, the first {failures[0]}"]
