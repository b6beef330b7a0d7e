from pathlib import Path

import numpy as np
import pytest
from builders import columned_store, labelled_table

from spkret import matcher
from spkret.errors import UsageError
from spkret.rerank.enrolment_files import Spoken
from spkret.rerank.loading import load_for
from spkret.rerank.trials import Pair, Trial, make_trials
from spkret.store.store import Store

TABLE = labelled_table(speakers=60, spread=1.3, channel=1.2)
SPEAKERS = TABLE["speaker"].to_pylist()
COLUMNS = [
    {"height": str(150 + 7 * int(name[1:]) % 50), "town": f"town {int(name[1:]) % 7}"}
    for name in SPEAKERS
]
TRIALS = make_trials(TABLE, 300, 15)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = columned_store(tmp_path_factory.mktemp("columns") / "store", TABLE, COLUMNS)
    told = matcher.train_reranker(made, TRIALS, columns=["height", "town:categorical"])
    assert told.systems["reranker"].top1 > told.systems["cosine"].top1 + 0.2
    return made


def test_the_reranker_remembers_the_columns(store: Store) -> None:
    reranker = load_for(store)
    assert reranker is not None
    assert [(column.name, column.kind) for column in reranker.plan.columns] == [
        ("height", "numeric"),
        ("town", "categorical"),
    ]
    assert reranker.names[-4:] == ("height:min", "height:max", "height:diff", "town:same")


def test_every_question_is_answered_with_the_columns(store: Store) -> None:
    trial = TRIALS[0]
    match = matcher.query(store, trial.anchor, trial.group, explain=True, log=False)
    contributions = match.candidates[0].contributions
    assert contributions is not None
    assert contributions["height:diff"] != 0
    evaluation = matcher.evaluate(store, TRIALS[:40], log=False)
    assert evaluation.systems["reranker"].top1 > evaluation.systems["cosine"].top1
    pair = [Pair(None, trial.anchor, trial.group[0])]
    assert matcher.verify_pairs(store, pair, log=False).pairs == 1
    answer = matcher.identify(store, trial.anchor)
    assert len(answer.speakers) == 50
    logged = matcher.query(store, trial.anchor, trial.group)
    features = store.scores.delta.read(["features"])["features"].to_pylist()
    assert len(features) == len(logged.candidates)
    assert {"town:same", "cosine"} <= dict(features[0]).keys()


def test_names_and_order_move_nothing(store: Store) -> None:
    trial = TRIALS[5]
    first = matcher.query(store, trial.anchor, trial.group, log=False)
    backwards = matcher.query(store, trial.anchor, trial.group[::-1], log=False)
    assert [c.path for c in backwards.candidates] == [c.path for c in first.candidates]
    np.testing.assert_allclose(
        [c.score for c in backwards.candidates], [c.score for c in first.candidates], atol=1e-6
    )


def test_a_column_that_is_not_there_is_refused_before_training(store: Store) -> None:
    with pytest.raises(UsageError, match="got 'weight'; they have height, town"):
        matcher.train_reranker(store, TRIALS, columns=["weight"])


def test_a_reranker_with_columns_takes_recordings_without(tmp_path: Path, store: Store) -> None:
    bare = columned_store(tmp_path / "store", TABLE, [{}] * len(COLUMNS))
    reranker = load_for(store)
    assert reranker is not None
    reranker.save(bare.reranker_path)
    trial = Trial("one", TRIALS[0].anchor, TRIALS[0].group, TRIALS[0].match)
    match = matcher.query(bare, trial.anchor, trial.group, explain=True, log=False)
    assert match.path in trial.group
    known = [Spoken(TABLE["path"][0].as_py(), SPEAKERS[0])]
    assert matcher.identify_many(bare, known).known == 1
