"""Figures of trials against the evaluation, scikit-learn and plain counts."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from builders import fitting_store, labelled_table

from spkret import metrics
from spkret.analysis.report.cross_validation import cross_validation_of
from spkret.analysis.report.evaluated import Evaluated, evaluated_trials
from spkret.analysis.report.importance import importance_of
from spkret.analysis.report.matching import Matching, measure_matching
from spkret.api import evaluate, make_trials
from spkret.rerank.evaluation import Evaluation
from spkret.rerank.feature_table import FEATURES
from spkret.rerank.loading import load_for
from spkret.store.scores import SCORES_SCHEMA
from spkret.store.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("fits") / "store"
    return fitting_store(folder, labelled_table(24, 4, dimension=448, spread=1.3))


@pytest.fixture(scope="module")
def evaluation(store: Store) -> Evaluation:
    """The second of two evaluations that are logged."""
    evaluate(store, make_trials(store, 20, 4, seed=1))
    return evaluate(store, make_trials(store, 80, 6, seed=2))


@pytest.fixture(scope="module")
def matching(store: Store, evaluation: Evaluation) -> Matching:
    return measured(store)


def measured(store: Store) -> Matching:
    recordings, reranker = store.recordings.scan(), load_for(store)
    evaluated = evaluated_trials(store, recordings, reranker)
    assert evaluated is not None
    ids, speakers = recordings["id"].to_pylist(), recordings["speaker"].to_pylist()
    found = measure_matching(evaluated, dict(zip(ids, speakers, strict=True)), reranker)
    assert found is not None
    return found


def test_figures_are_those_of_the_newest_evaluation_logged(
    matching: Matching, evaluation: Evaluation
) -> None:
    assert matching.logged_at is not None
    assert (matching.trials, matching.largest_group) == (80, 6)
    for name, rate in matching.top1.items():
        expected = evaluation.systems[name]
        assert rate.top1 == pytest.approx(expected.top1)
        assert rate.top1_ci == pytest.approx(expected.top1_ci)
        assert matching.pairs[name].eer == pytest.approx(expected.eer)
        assert matching.pairs[name].min_dcf == pytest.approx(expected.min_dcf)
    assert matching.pairs["qmf"].eer == pytest.approx(evaluation.systems["qmf"].eer)
    for name, cells in (("cosine", matching.by_noise), ("reranker", matching.by_language)):
        expected_cells = evaluation.by_noise if name == "cosine" else evaluation.by_language
        assert {key: rate.trials for key, rate in cells[name].items()} == {
            key: cell.records for key, cell in expected_cells.items()
        }
        for key, rate in cells[name].items():
            assert rate.top1 == pytest.approx(getattr(expected_cells[key], name))
    assert matching.reliability is not None
    assert sum(part.count for part in matching.reliability.bins) == 80


def test_without_an_evaluation_trials_are_drawn_and_not_logged(table: pa.Table, make: Any) -> None:
    store = make(table)
    found = measured(store)
    assert found.logged_at is None
    assert found.largest_group == 20
    assert "reranker" not in found.top1
    assert found.reliability is None
    assert store.scores.count() == store.trials.count() == 0


def test_a_small_language_is_drawn_in_smaller_groups(table: pa.Table, make: Any) -> None:
    few = set(sorted(set(table["speaker"].to_pylist()))[:3])
    languages = ["sw" if name in few else "en" for name in table["speaker"].to_pylist()]
    at = table.column_names.index("language")
    store = make(table.set_column(at, "language", pa.array(languages, table.schema.types[at])))
    recordings = store.recordings.scan()
    evaluated = evaluated_trials(store, recordings, None)
    assert evaluated is not None
    of = dict(zip(recordings["id"].to_pylist(), recordings["language"].to_pylist(), strict=True))
    drawn: dict[str, list[int]] = {}
    for row in evaluated.rows.to_pylist():
        drawn.setdefault(row["trial_id"], []).append(row["candidate_id"])
    sizes = {(of[ids[0]], len(ids)) for ids in drawn.values()}
    assert {language for language, _ in sizes} == {"en", "sw"}
    assert len(sizes) == 2
    assert all(len({of[id_] for id_ in ids}) == 1 for ids in drawn.values())


def test_without_labels_there_are_no_trials(table: pa.Table, make: Any) -> None:
    store = make(table.set_column(4, "speaker", pa.nulls(len(table), pa.string())))
    assert evaluated_trials(store, store.recordings.scan(), None) is None


def rows(trials: list[tuple[str, list[float], int]]) -> pa.Table:
    """Rows of trials: the language, the candidates' cosines, and which of them is the match."""
    listed = [
        {
            "query_id": f"q{number}",
            "anchor_id": number,
            "anchor_path": f"{number}.wav",
            "anchor_language": language,
            "anchor_noise": "clean",
            "candidate_id": 100 + place,
            "candidate_path": f"c{place}.wav",
            "candidate_noise": "background" if place == match else "clean",
            "cosine": cosine,
            "is_match": place == match,
        }
        for number, (language, cosines, match) in enumerate(trials)
        for place, cosine in enumerate(cosines)
    ]
    return pa.Table.from_pylist(listed, SCORES_SCHEMA)


def test_rates_are_counted_by_hand() -> None:
    trials = [("en", [0.9, 0.1], 0)] * 3 + [("en", [0.9, 0.1], 1), ("fr", [0.5, 0.5], 0)] * 2
    speaker_of = {number: f"s{number}" for number in range(6)}
    found = measure_matching(Evaluated(rows(trials), None), speaker_of, None)
    assert found is not None
    english, french = found.by_language["cosine"]["en"], found.by_language["cosine"]["fr"]
    assert (english.trials, english.speakers, english.top1) == (5, 5, 3 / 5)
    hits = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    assert english.top1_ci == metrics.bootstrap_interval(hits, np.arange(5))
    assert (french.trials, french.top1, french.top1_ci) == (2, 0.5, None)
    assert set(found.by_noise["cosine"]) == {"clean->background"}
    assert set(found.top1) == {"cosine"}


def test_rows_without_a_known_match_are_no_trials() -> None:
    unknown = rows([("en", [0.5, 0.4], 7)])
    assert measure_matching(Evaluated(unknown, None), {}, None) is None
    assert measure_matching(Evaluated(unknown[:0], None), {}, None) is None


def test_importance_is_what_the_reranker_saved_with_its_meaning(store: Store) -> None:
    reranker = load_for(store)
    assert reranker is not None
    found = importance_of(reranker)
    saved = reranker.training["importance"]
    assert {each.name: each.contribution for each in found} == {
        name: figures["contribution"] for name, figures in saved.items()
    }
    assert [each.contribution for each in found] == sorted(
        (each.contribution for each in found), reverse=True
    )
    docs = {feature.name: feature.doc for feature in FEATURES}
    assert all(each.meaning == docs[each.name] for each in found)
    assert importance_of(None) == []


def test_what_was_saved_in_training_is_read(store: Store) -> None:
    reranker = load_for(store)
    assert reranker is not None
    found = cross_validation_of(reranker)
    saved = reranker.training["cross_validation"]
    assert found is not None
    assert (found.trials, found.folds, found.held_out) == (10_000, 5, "speakers")
    assert found.systems["reranker"].top1 == saved["systems"]["reranker"]["top1"]
    assert found.systems["qmf"].eer == saved["systems"]["qmf"]["eer"]
    assert found.reliability.ece == saved["calibration"]["ece"]
    assert sum(part.count for part in found.reliability.bins) == 10_000
