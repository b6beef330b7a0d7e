import numpy as np

from spkret.rerank.evaluation import Evaluation
from spkret.rerank.open_groups import MOST_OPENED, Setting
from spkret.rerank.ranker import Reranker
from spkret.rerank.scoring import score_groups
from spkret.retrieval.library import Gathered

from .conftest import material


def test_the_same_groups_are_asked_with_their_match_and_without(
    trained: tuple[Reranker, Evaluation],
) -> None:
    reranker, made = trained[0], material(seed=7)
    rows = np.arange(len(made.voices))
    paths = np.array([str(row) for row in rows], object)
    gathered = Gathered(made.voices, paths, np.ones(len(rows), bool), rows)
    centred = made.background.apply(made.voices)
    scored = score_groups(gathered, centred, made.groups, reranker)
    setting = Setting(gathered, centred, made.groups, made.matches, reranker)
    found = setting.chances(scored)
    assert len(found.none_closed) == len(found.none_opened) == len(made.groups) / 2 <= MOST_OPENED
    np.testing.assert_array_equal(found.none_closed, scored.none_probabilities[::2])
    opened = made.groups.without(made.matches).take(np.arange(0, len(made.groups), 2))
    alone = score_groups(gathered, centred, opened, reranker).none_probabilities
    np.testing.assert_allclose(found.none_opened, alone)
    assert found.none_opened.mean() > found.none_closed.mean()
