"""What a fold's models see when labels are missing or contradict the trials."""

from dataclasses import replace

import numpy as np
import pytest

from spkret.errors import RerankerError
from spkret.rerank.crossval import CrossValidation
from spkret.rerank.folds import FOLDS
from spkret.rerank.material import Material
from spkret.retrieval.groups import Groups

from .conftest import material


def without_label(rows: np.ndarray) -> Material:
    made = material(records=60)
    speakers = made.voices.speakers.copy()
    speakers[rows] = None
    return replace(made, voices=replace(made.voices, speakers=speakers))


def test_groups_of_unknown_anchors_are_not_trained_on_by_the_fold_that_tests_them() -> None:
    unknown = material(records=60).groups.anchors[:8]
    cv = CrossValidation.of(without_label(unknown), 0)
    assert set(unknown.tolist()) <= set(cv.tested(0).groups.anchors.tolist())
    for number, fold in enumerate(cv.folds):
        tested = cv.tested(number).groups.anchors
        assert not np.isin(tested, fold.train.groups.anchors).any()
        assert not np.isin(tested, fold.held.groups.anchors).any()


def test_groups_of_one_teach_nothing() -> None:
    made = material(records=60)
    matched = made.groups.candidates[made.matches].tolist()
    alone = Groups.of(made.groups.anchors, [[row] for row in matched])
    with pytest.raises(RerankerError, match="groups of several candidates"):
        CrossValidation.of(replace(made, groups=alone, matches=alone.offsets[:-1]), 0)


def test_every_group_of_a_fold_still_has_its_match() -> None:
    made = without_label(material(records=60).groups.anchors[:8])
    groups = made.groups
    match_of = dict(
        zip(groups.anchors.tolist(), groups.candidates[made.matches].tolist(), strict=True)
    )
    cv = CrossValidation.of(made, 0)
    assert len(cv.folds) == FOLDS
    for fold in cv.folds:
        for part in (fold.train, fold.held):
            found = part.groups.candidates[part.matches].tolist()
            assert found == [match_of[row] for row in part.groups.anchors.tolist()]
