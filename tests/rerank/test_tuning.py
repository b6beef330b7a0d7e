"""The search for a recipe: seeded, never worse than where it started, and saved."""

import sys

import numpy as np
import pytest

from spkret.errors import OptionalDependencyError, UsageError
from spkret.rerank.calibration import fit_temperature, log_likelihood
from spkret.rerank.crossval import CrossValidation
from spkret.rerank.models import fit_models
from spkret.rerank.recipe import Objective, Recipe, objective_named
from spkret.rerank.tuning import tune

from .conftest import material

QUICK = Recipe(most_rounds=12, patience=4)


@pytest.fixture(scope="module")
def cv() -> CrossValidation:
    return CrossValidation.of(material(records=120), seed=0)


def test_the_search_is_seeded_and_never_worse_than_its_start(cv: CrossValidation) -> None:
    told: list[tuple[int, int, float]] = []
    found = tune(cv, QUICK, 5, 0, lambda *how: told.append(how))
    assert found == tune(cv, QUICK, 5, 0)
    assert found.after >= found.before
    assert found.tried == 5
    assert (found.recipe.most_rounds, found.recipe.patience) == (12, 4)
    assert [how[:2] for how in told] == [(n, 5) for n in range(1, 6)]
    assert told[0][2] == 0
    assert told[-1][2] == pytest.approx(found.after - found.before)


def test_it_measures_the_likelihood_of_held_out_matches(cv: CrossValidation) -> None:
    total = 0.0
    for number, fold in enumerate(cv.folds):
        tested = cv.tested(number)
        ranking = fit_models(fold.train, QUICK, 0, fold.held).ranking
        scores = ranking.scores(tested.features)
        scores /= fit_temperature(scores, tested.groups, tested.matches)
        total += log_likelihood(scores, tested.groups, tested.matches) * len(tested.groups)
    found = tune(cv, QUICK, 1, 0)
    assert found.before == found.after == pytest.approx(total / 120)
    assert found.recipe == QUICK


def test_no_speaker_is_on_two_sides_of_a_fold(cv: CrossValidation) -> None:
    speakers = cv.material.voices.speakers
    for number, fold in enumerate(cv.folds):
        anchors = [
            set(speakers[part.groups.anchors])
            for part in (fold.train, fold.held, cv.tested(number))
        ]
        assert not anchors[0] & anchors[1]
        assert not (anchors[0] | anchors[1]) & anchors[2]
        trained = set(speakers[fold.train.groups.candidates])
        assert not trained & (anchors[1] | anchors[2])
        assert not set(speakers[fold.held.groups.candidates]) & anchors[2]


def test_both_objectives_rank_and_keep_the_constraints(cv: CrossValidation) -> None:
    fold = cv.folds[0]
    for objective in Objective:
        recipe = Recipe(objective, most_rounds=20)
        ranking = fit_models(fold.train, recipe, 0, fold.held).ranking
        before = ranking.scores(cv.examples.features)
        raised = cv.examples.features.take(np.arange(len(before)))
        raised.matrix[:, raised.names.index("cosine")] += 0.5
        assert (ranking.scores(raised) >= before - 1e-9).all()
    assert objective_named("lambdarank") is Objective.LAMBDARANK
    with pytest.raises(UsageError, match="among softmax, lambdarank, got 'hinge'"):
        objective_named("hinge")


def test_without_optuna_it_is_named(cv: CrossValidation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'spkret\[tune\]'"):
        tune(cv, QUICK, 1, 0)
