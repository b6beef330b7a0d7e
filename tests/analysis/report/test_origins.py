"""Which trials and which reranker figures are of: never those that a reranker was trained on."""

from pathlib import Path

import pytest
from builders import fitting_store, labelled_table

from spkret.analysis.projection import Projection
from spkret.analysis.report.content import Section
from spkret.analysis.report.page import render, sections
from spkret.analysis.report.report import Report, make_report
from spkret.api import evaluate, make_trials
from spkret.rerank.loading import DEFAULT
from spkret.rerank.ranker import Reranker
from spkret.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return fitting_store(tmp_path / "store", labelled_table(12, 5, dimension=448, spread=0.9))


def reported(store: Store) -> tuple[Report, dict[str, Section]]:
    report = make_report(store, projection=Projection.PCA)
    return report, {section.id: section for section in sections(report)}


def give_own_reranker(store: Store) -> None:
    Reranker.load(DEFAULT).save(store.reranker_path)


def test_a_shipped_reranker_scores_drawn_trials_and_may_know_its_corpora(store: Store) -> None:
    report, by_id = reported(store)
    assert report.matching is not None
    assert report.about.reranker_source == "shipped"
    assert report.matching.reranker == report.about.reranker
    assert report.cross_validation is None
    assert "cross-validation" not in by_id
    assert "ships with spkret" in by_id["det"].paragraphs[0]
    assert "may know" in by_id["top1"].paragraphs[0]
    assert f"<code>{report.about.reranker}</code> (ships with spkret)" in render(report)


def test_an_own_reranker_is_kept_from_trials_that_may_have_trained_it(store: Store) -> None:
    give_own_reranker(store)
    report, by_id = reported(store)
    assert report.matching is not None
    assert report.matching.reliability is None
    assert set(report.matching.top1) == set(report.matching.pairs) == {"cosine"}
    for text in (by_id["det"].paragraphs[0], by_id["top1"].paragraphs[0],
                 by_id["reliability"].missing):  # fmt: skip
        assert "may have been trained on these very trials" in text
        assert "spkret evaluate held-out.jsonl" in text
    own = by_id["cross-validation"]
    assert own.charts[0].id == "chart-cross-validation"
    names = [row[0] for row in own.tables[0][1].rows]
    assert names == ["cosine", "AS-norm", "reranker, for pairs (QMF)", "reranker"]
    assert "trained for this store" in render(report)


def test_an_own_reranker_is_measured_on_an_evaluation(store: Store) -> None:
    give_own_reranker(store)
    evaluate(store, make_trials(store, 20, 4))
    report, by_id = reported(store)
    assert report.matching is not None
    assert report.matching.reranker == report.about.reranker
    assert report.matching.reliability is not None
    assert f"scored with reranker {report.about.reranker}." in by_id["det"].paragraphs[0]
    assert not any("in use now" in remark.text for remark in report.standing_out)


def test_figures_of_another_reranker_are_told_of(store: Store) -> None:
    evaluate(store, make_trials(store, 20, 4))
    scored_by = Reranker.load(DEFAULT).fingerprint
    give_own_reranker(store)
    description = store.reranker_path / "reranker.json"
    description.write_text(description.read_text() + "\n")
    report, by_id = reported(store)
    in_use = report.about.reranker
    assert in_use != scored_by
    (warning,) = [r for r in report.standing_out if "in use now" in r.text]
    assert warning.severity == "warning"
    assert f"scored with reranker {scored_by}, reranker {in_use} is in use now" in warning.text
    for name in ("det", "top1"):
        assert warning.text in by_id[name].paragraphs[0]
    assert f"Of reranker {scored_by}." in by_id["reliability"].paragraphs
    assert f"Of reranker {in_use}," in by_id["importance"].paragraphs[0]
