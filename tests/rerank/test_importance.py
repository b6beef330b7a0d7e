"""What features and families are worth."""

from dataclasses import replace

import numpy as np
import pytest

from spkret import metrics
from spkret.rerank.crossval import CrossValidation
from spkret.rerank.features import NAMES, Features
from spkret.rerank.importance import OTHER_FAMILY, USER_FAMILY, ablate, family_of, importances
from spkret.rerank.models import fit_models
from spkret.rerank.recipe import Recipe
from spkret.rerank.trees import Examples
from spkret.retrieval.normalize import names_of

from .conftest import material

QUICK = Recipe(most_rounds=10, patience=4)


def told_by_one_feature() -> Examples:
    """Groups of ten in which only the pitch tells the match."""
    made = material(records=120)
    rng = np.random.default_rng(0)
    groups = made.groups
    matrix = rng.normal(size=(len(groups.candidates), len(NAMES))).astype(np.float32)
    matrix[made.matches, NAMES.index("f0_distance")] -= 4
    return Examples(Features(matrix), groups, made.matches)


def test_the_feature_that_tells_comes_first() -> None:
    examples = told_by_one_feature()
    ranking = fit_models(examples, Recipe(most_rounds=30), 0).ranking
    found = importances(ranking, examples)
    assert next(iter(found)) == "f0_distance"
    assert set(found) == set(NAMES)
    assert sum(importance.gain for importance in found.values()) == pytest.approx(1)
    assert found["f0_distance"].contribution > 5 * found["cosine"].contribution


def test_contributions_are_those_of_the_linear_base_and_the_trees() -> None:
    examples = told_by_one_feature()
    ranking = fit_models(examples, Recipe(most_rounds=1, learning_rate=1e-9), 0).ranking
    parts = ranking.base.contributions(examples.features)
    column = ranking.base.names.index("f0_distance")
    sizes, starts = examples.groups.sizes, examples.groups.offsets[:-1]
    means = np.add.reduceat(parts[:, column], starts) / sizes
    expected = np.abs(parts[:, column] - np.repeat(means, sizes)).mean()
    found = importances(ranking, examples)["f0_distance"].contribution
    assert found == pytest.approx(expected, rel=1e-6)


def test_leaving_out_a_family_is_training_without_it() -> None:
    cv = CrossValidation.of(material(records=120), seed=0)
    models = [fit_models(fold.train, QUICK, 0, fold.held) for fold in cv.folds]
    whole = cv.held_out([model.ranking.scores for model in models])
    steps: list[tuple[int, int, str]] = []
    table = ablate(cv, whole, QUICK, 0, lambda *how: steps.append(how))
    assert [how[2] for how in steps] == list(table)
    assert sum(cost.features for cost in table.values()) == len(NAMES)
    rest = tuple(name for name in NAMES if family_of(name) != "spectra")
    cut = replace(
        cv,
        examples=select(cv.examples, rest),
        folds=[
            replace(f, train=select(f.train, rest), held=select(f.held, rest)) for f in cv.folds
        ],
    )
    without = [fit_models(f.train, QUICK, 0, f.held).ranking.scores for f in cut.folds]
    groups, matches = cv.examples.groups, cv.examples.matches
    hits = [
        metrics.hits(scores, groups.offsets, matches)
        for scores in (whole, cut.held_out(without, cut.examples))
    ]
    assert table["spectra"].top1 == pytest.approx(hits[1].mean())
    assert table["spectra"].cost == pytest.approx((hits[0] - hits[1]).mean())
    speakers = names_of(cv.material.voices)[groups.anchors]
    assert table["spectra"].cost_ci == metrics.bootstrap_interval(hits[0] - hits[1], speakers)


def select(examples: Examples, names: tuple[str, ...]) -> Examples:
    return replace(examples, features=examples.features.select(names))


def test_every_feature_has_a_family() -> None:
    families = {name: family_of(name) for name in NAMES}
    assert OTHER_FAMILY not in families.values(), families
    assert families["candidate_noise"] == "conditions"
    assert families["plda_lead"] == "PLDA"
    assert family_of("microphone_same") == USER_FAMILY
