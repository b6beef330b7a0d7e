from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from builders import labelled_table

from spkret.errors import TrialError, UsageError
from spkret.rerank.trial_cells import DURATION_EDGES_S
from spkret.rerank.trials import Trial, make_trials, small_cells

TABLE = labelled_table(speakers=40)
ROWS = {row["path"]: row for row in TABLE.to_pylist()}


def speaker(path: str) -> str:
    return str(ROWS[path]["speaker"])


def assert_fair(trial: Trial, size: int) -> None:
    others = [name for name in trial.group if name != trial.match]
    assert trial.match is not None
    assert trial.anchor not in trial.group
    assert len(set(trial.group)) == size
    assert speaker(trial.match) == speaker(trial.anchor)
    assert speaker(trial.anchor) not in {speaker(name) for name in others}
    assert {ROWS[name]["language"] for name in trial.group} == {ROWS[trial.anchor]["language"]}
    assert trial.anchor_noise == ROWS[trial.anchor]["noise"]
    assert list(trial.group_noise) == [ROWS[name]["noise"] for name in trial.group]


def test_trials_keep_their_promises() -> None:
    trials = make_trials(TABLE, 200, 15, seed=3)
    assert len(trials) == len({trial.id for trial in trials}) == 200
    for trial in trials:
        assert_fair(trial, 15)
        assert len({speaker(name) for name in trial.group}) == 15


def test_the_seed_decides() -> None:
    assert make_trials(TABLE, 20, 10, seed=1) == make_trials(TABLE, 20, 10, seed=1)
    assert make_trials(TABLE, 20, 10, seed=1) != make_trials(TABLE, 20, 10, seed=2)


def test_the_order_of_the_rows_plays_no_part() -> None:
    shuffled = TABLE.take(np.random.default_rng(5).permutation(len(TABLE)))
    assert make_trials(shuffled, 20, 10, seed=1) == make_trials(TABLE, 20, 10, seed=1)


def test_speakers_take_turns_and_the_match_stands_anywhere() -> None:
    trials = make_trials(TABLE, 400, 15)
    turns = Counter(speaker(trial.anchor) for trial in trials)
    assert set(turns.values()) == {10}
    places = [trial.group.index(str(trial.match)) for trial in trials]
    assert abs(np.mean(places) - 7) < 0.7


def test_the_match_is_drawn_from_noises_as_the_others_are() -> None:
    trials = make_trials(labelled_table(speakers=40, recordings=12), 1500, 10)
    matches = Counter(t.group_noise[t.group.index(str(t.match))] for t in trials)
    others = Counter(noise for t in trials for noise in t.group_noise)
    for noise, count in matches.items():
        assert count / 1500 == pytest.approx(others[noise] / 15_000, abs=0.04)


def test_speakers_give_several_recordings_where_they_are_few() -> None:
    table = labelled_table(speakers=4, recordings=8, languages=["en"])
    for trial in make_trials(table, 20, 20):
        assert len(set(trial.group)) == 20
        assert (
            sum(speaker_of(table)[name] == speaker_of(table)[trial.anchor] for name in trial.group)
            == 1
        )


def speaker_of(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["path"].to_pylist(), table["speaker"].to_pylist(), strict=True))


def test_groups_agree_within_columns_and_keys_of_extra() -> None:
    for trial in make_trials(TABLE, 50, 8, within=["gender"]):
        genders = {ROWS[name]["gender"] for name in (trial.anchor, *trial.group)}
        assert len(genders) == 1
    rooms = pa.concat_tables(
        [
            labelled_table(12, extra='{"room": "a"}'),
            labelled_table(12, extra='{"room": "b"}', seed=1),
        ]
    )
    rooms = rooms.set_column(2, "path", pa.array([str(n) for n in range(len(rooms))]))
    room = dict(zip(rooms["path"].to_pylist(), rooms["extra"].to_pylist(), strict=True))
    for trial in make_trials(rooms, 50, 6, within=["room"]):
        assert len({room[name] for name in (trial.anchor, *trial.group)}) == 1
    with pytest.raises(UsageError, match="expected a column or a key of extra, got 'sauce'"):
        make_trials(TABLE, 1, 2, within=["sauce"])


def test_held_out_speakers_are_apart() -> None:
    parts = [
        {speaker(name) for t in drawn for name in (t.anchor, *t.group)}
        for drawn in (
            make_trials(TABLE, 100, 5, holdout=0.5, held_out=held_out) for held_out in (True, False)
        )
    ]
    assert parts[0]
    assert not parts[0] & parts[1]


def test_a_copy_is_no_match() -> None:
    table = labelled_table(speakers=30, recordings=2)
    copies = table.set_column(3, "content_hash", table["speaker"])
    with pytest.raises(TrialError, match="two recordings of a speaker"):
        make_trials(copies, 1, 5)


def test_a_path_in_two_roots_is_called_by_its_id() -> None:
    table = labelled_table(speakers=12, languages=["en"])
    other = table.set_column(0, "id", pa.array(np.arange(len(table))))
    other = other.set_column(3, "content_hash", pa.array([f"x{n}" for n in range(len(table))]))
    ids = {str(id_) for id_ in [*table["id"].to_pylist(), *range(len(table))]}
    for trial in make_trials(pa.concat_tables([table, other]), 5, 6):
        assert {trial.anchor, *trial.group} <= ids


def test_too_few_speakers_are_counted() -> None:
    with pytest.raises(TrialError, match="got en: 20 speakers, 80 recordings, es: 20 speakers"):
        make_trials(TABLE, 10, 100)
    assert small_cells(TABLE, 100)[0].startswith("en: 20 speakers with 80 recordings are too few")
    assert small_cells(TABLE, 10) == []
    nobody = TABLE.set_column(4, "speaker", pa.nulls(len(TABLE), pa.string()))
    with pytest.raises(TrialError, match="no labelled speaker"):
        make_trials(nobody, 1, 2)


@pytest.mark.parametrize(("records", "size", "holdout"), [(0, 5, 0), (1, 1, 0), (1, 5, 1.0)])
def test_arguments_out_of_range_are_refused(records: int, size: int, holdout: float) -> None:
    with pytest.raises(UsageError, match="at least 1 record"):
        make_trials(TABLE, records, size, holdout=holdout)


def test_nobody_is_held_out_without_a_share() -> None:
    with pytest.raises(UsageError, match="expected a holdout above 0"):
        make_trials(TABLE, 1, 5, held_out=True)


def test_every_noise_pair_is_drawn_evenly() -> None:
    trials = make_trials(labelled_table(speakers=40, recordings=30), 1800, 10)
    pairs = Counter((t.anchor_noise, t.group_noise[t.group.index(str(t.match))]) for t in trials)
    assert len(pairs) == 9
    assert all(150 < count < 250 for count in pairs.values()), pairs


def test_cover_draws_durations_evenly_for_all_alike() -> None:
    table = labelled_table(speakers=40, recordings=30)
    speech_s = dict(zip(table["path"].to_pylist(), table["speech_s"].to_pylist(), strict=True))

    def shares(names: list[str]) -> np.ndarray:
        classes = np.digitize([speech_s[name] for name in names], DURATION_EDGES_S)
        return np.bincount(classes, minlength=3) / len(names)

    trials = make_trials(table, 1500, 10, cover=True)
    others = [name for t in trials for name in t.group if name != t.match]
    sides = [[t.anchor for t in trials], [str(t.match) for t in trials], others]
    assert abs(shares(list(speech_s)) - 1 / 3).max() > 0.15
    for side in sides:
        assert abs(shares(side) - 1 / 3).max() < 0.08
    plain = [t.anchor for t in make_trials(table, 1500, 10)]
    assert abs(shares(plain) - shares(list(speech_s))).max() < 0.05


def test_cover_levels_the_languages() -> None:
    table = pa.concat_tables(
        [labelled_table(64, languages=["en"]), labelled_table(16, languages=["es"], seed=1)]
    )
    table = table.set_column(2, "path", pa.array([str(n) for n in range(len(table))]))
    language = dict(zip(table["path"].to_pylist(), table["language"].to_pylist(), strict=True))
    name = dict(zip(table["path"].to_pylist(), table["speaker"].to_pylist(), strict=True))
    for cover, spanish in ((True, 100), (False, 60)):
        trials = make_trials(table, 300, 10, cover=cover)
        counts = Counter(language[t.anchor] for t in trials)
        assert counts["es"] == pytest.approx(spanish, abs=5)
        turns = Counter(name[t.anchor] for t in trials if language[t.anchor] == "es")
        assert len(turns) == 16
        assert max(turns.values()) - min(turns.values()) <= 1
        assert all(language[n] == language[t.anchor] for t in trials for n in t.group)
