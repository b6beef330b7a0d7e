"""Cross-fitted PLDA never scores a speaker that it was fitted to."""

import numpy as np

from spkret.rerank.cross_plda import CrossPlda
from spkret.rerank.features import NAMES, Features
from spkret.rerank.trees import Examples
from spkret.retrieval.groups import Groups
from spkret.retrieval.plda import Plda

SPEAKERS, TAKES, FOLDS = 100, 2, 5


def setting() -> tuple[CrossPlda, Examples]:
    """Takes that say nothing of their speaker: whoever matches them has seen the labels."""
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((SPEAKERS * TAKES, 64)).astype(np.float32)
    speaker = np.repeat(np.arange(SPEAKERS), TAKES)
    cross = CrossPlda(embeddings, np.array([f"s{i}" for i in speaker], object), speaker % FOLDS)
    others = [2 * rng.choice(np.delete(np.arange(SPEAKERS), i), 9) for i in range(SPEAKERS)]
    groups = Groups.of(
        [2 * i for i in range(SPEAKERS)], [[2 * i + 1, *o] for i, o in enumerate(others)]
    )
    blank = Features(np.full((len(groups.candidates), len(NAMES)), np.nan, np.float32))
    return cross, Examples(blank, groups, groups.offsets[:-1])


def hits(scores: np.ndarray) -> float:
    return float(np.mean(scores.reshape(SPEAKERS, 10).argmax(axis=1) == 0))


def test_noise_is_matched_by_chance_though_labels_could_be_learnt() -> None:
    cross, examples = setting()
    seen = Plda.fit(cross.embeddings, cross.speakers)
    assert seen is not None
    assert hits(seen.group_scores(cross.embeddings, examples.groups)) > 0.5
    assert hits(cross.complete(examples, None).features.column("plda")) < 0.25


def test_the_models_are_those_fitted_without_both_folds() -> None:
    cross, examples = setting()
    scores = cross.complete(examples, 3).features.column("plda")
    for fold in range(FOLDS):
        kept = ~np.isin(cross.folds, [fold, 3])
        model = Plda.fit(cross.embeddings[kept], cross.speakers[kept])
        assert model is not None
        which = np.flatnonzero(cross.folds[examples.groups.anchors] == fold)
        expected = model.group_scores(cross.embeddings, examples.groups)
        positions = examples.groups.positions(which)
        np.testing.assert_allclose(scores[positions], expected[positions], rtol=1e-4, atol=1e-4)


def test_too_few_speakers_leave_the_features_unknown() -> None:
    cross, examples = setting()
    nobody = CrossPlda(cross.embeddings, np.full(len(cross.speakers), None, object), cross.folds)
    assert np.isnan(nobody.complete(examples, None).features.matrix).all()
