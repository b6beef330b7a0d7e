import json
from dataclasses import replace

import numpy as np
import pytest

from spkret import metrics
from spkret.errors import RerankerError
from spkret.rerank.evaluation import Evaluation, evaluate_groups, system_scores
from spkret.rerank.features import FEATURES, NAMES, Features, compute
from spkret.rerank.linear import fit_linear, fit_listwise
from spkret.rerank.ranker import Reranker
from spkret.rerank.reliability import Chances
from spkret.rerank.training import train
from spkret.rerank.trees import Examples

from .conftest import material


def test_the_reranker_beats_every_baseline_on_speakers_it_never_saw(
    trained: tuple[Reranker, Evaluation],
) -> None:
    reranker, _ = trained
    fresh = material(seed=7)
    features = compute(fresh.voices, fresh.background.apply(fresh.voices), fresh.groups)
    scores = reranker.score(features)
    systems = system_scores(features, reranker.qmf.scores(features), scores)
    probabilities = reranker.probabilities(scores, features, fresh.groups)
    odds, nothing = reranker.pair_log_odds(features), np.empty(0)
    chances = Chances(probabilities, odds, nothing, nothing)
    found = evaluate_groups(systems, chances, fresh.voices, fresh.groups, fresh.matches)
    assert list(found.systems) == ["cosine", "centred", "asnorm", "qmf", "reranker"]
    for name in ("cosine", "centred", "asnorm", "qmf"):
        assert found.differences[name].top1_ci[0] > 0, name
    assert found.warnings == []
    assert found.calibration.ece is not None
    assert found.calibration.ece < 0.12
    np.testing.assert_allclose(fresh.groups.sum(probabilities), 1)


def test_none_of_them_is_told(trained: tuple[Reranker, Evaluation]) -> None:
    reranker, fresh = trained[0], material(seed=7)
    centred = fresh.background.apply(fresh.voices)
    drawn = []
    for groups in (fresh.groups, fresh.groups.without(fresh.matches)):
        features = compute(fresh.voices, centred, groups)
        drawn.append(reranker.none_probabilities(reranker.score(features), features, groups))
    assert metrics.roc_area(drawn[1], drawn[0]) > 0.6


def test_training_is_deterministic_and_tells_how_far_it_is(
    trained: tuple[Reranker, Evaluation],
) -> None:
    told: list[tuple[str, int, int, str]] = []
    again, _ = train(material(), progress=lambda *step: told.append(step))
    assert again.fingerprint == trained[0].fingerprint
    assert told == [("cross-validation", fold, 5, "") for fold in range(1, 6)]


def test_the_cross_validation_is_saved_as_json(trained: tuple[Reranker, Evaluation]) -> None:
    reranker, evaluation = trained
    saved = json.loads(json.dumps(reranker.training))
    assert saved["cross_validation"]["systems"]["cosine"]["top1"] == (
        evaluation.systems["cosine"].top1
    )
    assert saved["trials"] == 300
    assert set(saved["versions"]) >= {"spkret", "lightgbm"}


def test_scores_are_monotone_in_the_cosines(trained: tuple[Reranker, Evaluation]) -> None:
    fresh = material(seed=7)
    features = compute(fresh.voices, fresh.background.apply(fresh.voices), fresh.groups)
    before = trained[0].score(features)
    for number, feature in enumerate(FEATURES):
        if feature.monotone:
            raised = features.matrix.copy()
            raised[:, number] += 0.7 * feature.monotone
            assert (trained[0].score(Features(raised)) >= before - 1e-9).all(), feature.name


def test_contributions_sum_to_the_score(trained: tuple[Reranker, Evaluation]) -> None:
    fresh = material(seed=7)
    features = compute(fresh.voices, fresh.background.apply(fresh.voices), fresh.groups)
    rest = trained[0].score(features) - trained[0].contributions(features).sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-9)


def test_qmf_equals_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    made = material()
    features = compute(made.voices, made.background.apply(made.voices), made.groups)
    is_match = Examples(features, made.groups, made.matches).is_match
    names = ("cosine", "asnorm", "speech_min")
    columns = StandardScaler().fit_transform(features.columns(names))
    model = LogisticRegression(class_weight="balanced", max_iter=500).fit(columns, is_match)
    np.testing.assert_allclose(
        fit_linear(features, is_match, names).scores(features),
        model.decision_function(columns),
        atol=1e-3,
    )


def test_the_listwise_base_prefers_what_wins() -> None:
    made = material()
    features = compute(made.voices, made.background.apply(made.voices), made.groups)
    base = fit_listwise(features, made.groups, made.matches)
    top1 = metrics.top1(base.scores(features), made.groups.offsets, made.matches)
    cosine = metrics.top1(features.column("cosine"), made.groups.offsets, made.matches)
    assert top1 > cosine
    monotone = dict(zip(NAMES, (feature.monotone for feature in FEATURES), strict=True))
    for name, weight in zip(base.names, base.weights, strict=True):
        assert weight * monotone[name] >= 0


def test_too_few_speakers_are_refused() -> None:
    made = material()
    one = made.groups.take(np.array([0]))
    few = replace(made, groups=one, matches=made.matches[:1])
    with pytest.raises(RerankerError, match="at least 10 labelled speakers, got 1"):
        train(few)


def test_trials_too_few_for_trees_leave_the_linear_score() -> None:
    made = material()
    some = np.arange(25)
    few = replace(made, groups=made.groups.take(some), matches=made.matches[some])
    reranker, evaluation = train(few)
    features = compute(few.voices, few.background.apply(few.voices), few.groups)
    assert np.isfinite(reranker.score(features)).all()
    assert evaluation.records == 25
