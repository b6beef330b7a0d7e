"""Neither the order of candidates nor what files are called moves a match or a figure."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import copied, labelled_table, matched_store
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret import matcher
from spkret.rerank.trials import Trial, make_trials
from spkret.store.schema import recording_id
from spkret.store.store import Store

TABLE = labelled_table(speakers=40, spread=1.1, channel=1.0)
TRIALS = make_trials(TABLE, 200, 12)
SEEDS = st.integers(0, 2**32 - 1)


def twinned(table: pa.Table) -> pa.Table:
    """Add twins: other audio with the embedding and measurements of a stored recording."""
    for row in (0, 9, 30):
        table = copied(table, row, f"twin{row}.wav", content_hash=f"twin{row}")
    return table


def renamed(table: pa.Table, names: list[str]) -> pa.Table:
    """The same recordings under other names and ids, in the order of these."""
    rows = [
        row | {"path": name, "id": recording_id("/other", name), "root": "/other"}
        for row, name in zip(table.to_pylist(), names, strict=True)
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["path"])), table.schema)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    found = matched_store(tmp_path_factory.mktemp("order") / "store", twinned(TABLE))
    matcher.train_reranker(found, TRIALS)
    return found


@given(SEEDS)
@few(15)
def test_the_order_of_a_group_changes_nothing_at_all(store: Store, seed: int) -> None:
    generator = np.random.default_rng(seed)
    paths = twinned(TABLE)["path"].to_numpy()
    anchor, *group = generator.choice(paths, 15, replace=False).tolist()
    group += ["twin0.wav", TABLE["path"][0].as_py()]
    group = [name for name in dict.fromkeys(group) if name != anchor]
    first = matcher.query(store, anchor, group, log=False, explain=True)
    shuffled = generator.permutation(group).tolist()
    assert matcher.query(store, anchor, shuffled, log=False, explain=True) == first


@given(SEEDS)
@few(4)
def test_names_of_files_change_nothing(
    store: Store, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    table = twinned(TABLE)
    names = [f"{number:03}.wav" for number in generator.permutation(len(table))]
    new = dict(zip(table["path"].to_pylist(), names, strict=True))
    other = matched_store(tmp_path_factory.mktemp("named") / "store", renamed(table, names))
    (other.path / "reranker").symlink_to(store.reranker_path)
    for trial in TRIALS[seed % 100 :][:4]:
        group = [*trial.group, "twin0.wav", "twin9.wav"]
        one = matcher.query(store, trial.anchor, group, log=False)
        two = matcher.query(other, new[trial.anchor], [new[name] for name in group], log=False)
        assert [new[c.path] for c in one.candidates] == [c.path for c in two.candidates]
        np.testing.assert_allclose(
            [c.probability for c in one.candidates],
            [c.probability for c in two.candidates],
            rtol=1e-3,
            atol=1e-6,
        )
    one_table = matcher.evaluate(store, TRIALS[:60], log=False)
    two_table = matcher.evaluate(other, [_renamed(trial, new) for trial in TRIALS[:60]], log=False)
    for name, figures in one_table.systems.items():
        assert two_table.systems[name].top1 == pytest.approx(figures.top1)
        assert two_table.systems[name].mrr == pytest.approx(figures.mrr, abs=1e-4)


@given(SEEDS)
@few(4)
def test_figures_do_not_move_when_candidates_are_shuffled(store: Store, seed: int) -> None:
    generator = np.random.default_rng(seed)
    given_trials = [Trial(t.id, t.anchor, (*t.group, "twin0.wav"), t.match) for t in TRIALS[:50]]
    shuffled = [
        Trial(t.id, t.anchor, tuple(generator.permutation(t.group).tolist()), t.match)
        for t in given_trials
    ]
    one = matcher.evaluate(store, given_trials, log=False)
    two = matcher.evaluate(store, shuffled, log=False)
    assert two.systems == one.systems
    assert two.by_noise == one.by_noise
    assert two.calibration == one.calibration


def test_equal_scores_share_a_hit_and_copies_are_told_apart_by_path(tmp_path: Path) -> None:
    match = str(TRIALS[0].match)
    row = TABLE["path"].to_pylist().index(match)
    table = copied(copied(TABLE, row, "a/copy.wav"), row, "z/copy.wav")
    store = matched_store(tmp_path / "store", table)
    for copies in (["a/copy.wav", "z/copy.wav"], ["z/copy.wav", "a/copy.wav"]):
        found = matcher.query(store, TRIALS[0].anchor, copies, log=False)
        assert [c.path for c in found.candidates] == ["a/copy.wav", "z/copy.wav"]
        assert found.candidates[0].score == pytest.approx(found.candidates[1].score)
        assert found.warnings[0] == "1 candidates hold the same audio as another"
        trial = Trial("1", TRIALS[0].anchor, tuple(copies), copies[0])
        figures = matcher.evaluate(store, [trial], log=False).systems["cosine"]
        assert (figures.top1, figures.mrr) == (0.5, 0.75)


def _renamed(trial: Trial, new: dict[str, str]) -> Trial:
    group = tuple(new[name] for name in trial.group)
    return Trial(trial.id, new[trial.anchor], group, new[str(trial.match)])
