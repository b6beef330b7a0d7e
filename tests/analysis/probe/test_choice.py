"""Which recordings take part, and which stay together: compared with the labels themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret.analysis.probe.choice import Scope, choose
from spkret.analysis.probe.folds import folds_of
from spkret.analysis.probe.rows import ProbeRows, columns
from spkret.analysis.probe.target import Target
from spkret.errors import StoreError, UsageError
from spkret.store.schema import RECORDINGS_SCHEMA


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Build recordings from what differs: by default each has its own content, and is declared."""
    filled = [
        {
            "id": i,
            "root": "/audio",
            "path": f"{i}.wav",
            "content_hash": f"{i:x}",
            **{f"{target}_source": "manifest" for target in Target},
            "extra": "{}",
        }
        | dict(row)
        for i, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(filled, RECORDINGS_SCHEMA)


def probe_rows(rows: Sequence[Mapping[str, Any]], target: Target) -> ProbeRows:
    table = table_of(rows)
    return ProbeRows.of(table.select(columns(target)), target)


def test_recordings_without_a_declared_tag_or_speaker_are_left_out() -> None:
    rows: list[dict[str, Any]] = [
        {"speaker": "a", "noise": "clean"},
        {"speaker": "a", "noise": "unknown"},
        {"speaker": "a", "noise": None},
        {"speaker": None, "noise": "clean"},
        {"speaker": "b", "noise": "background", "noise_source": "tagger"},
        {"speaker": "b", "noise": "background", "noise_source": "folder"},
    ]
    assert probe_rows(rows, Target.NOISE).ids.tolist() == [0, 5]
    assert len(probe_rows([{"speaker": "a", "language": "und"}], Target.LANGUAGE)) == 0


def test_copies_and_sessions_of_a_speaker_stay_together() -> None:
    rows = [
        {"speaker": "a", "extra": '{"session": "1"}'},
        {"speaker": "a", "extra": '{"session": "1"}', "content_hash": "same"},
        {"speaker": "a", "extra": '{"session": "2"}'},
        {"speaker": "b", "extra": '{"session": "1"}'},
        {"speaker": "b", "content_hash": "same"},
        {"speaker": "b"},
    ]
    groups = probe_rows(rows, Target.SPEAKER).groups
    together = {(i, j) for i in range(6) for j in range(i) if groups[i] == groups[j]}
    assert together == {(1, 0), (4, 0), (4, 1)}


def test_speakers_stay_together_for_other_targets_and_copies_link_them() -> None:
    rows = [
        {"speaker": "a", "gender": "f"},
        {"speaker": "a", "gender": "f", "content_hash": "same"},
        {"speaker": "b", "gender": "f", "content_hash": "same"},
        {"speaker": "c", "gender": "m"},
    ]
    groups = probe_rows(rows, Target.GENDER).groups
    assert groups[0] == groups[1] == groups[2] != groups[3]


def genders(speakers: int, recordings: int = 3) -> list[dict[str, Any]]:
    return [
        {"speaker": f"s{i}", "gender": "mf"[i % 2]}
        for i in range(speakers)
        for _ in range(recordings)
    ]


def test_a_limit_spreads_over_speakers() -> None:
    rows = probe_rows(genders(20, 6), Target.GENDER)
    picked = choose(rows, Target.GENDER, Scope(limit=10)).rows
    assert len(picked) == 20
    assert len(set(picked.speakers)) == 20
    assert (np.diff(picked.ids) > 0).all()


def test_values_with_too_few_speakers_and_beyond_the_most_frequent_are_named() -> None:
    rows = [{"speaker": f"{lang}{i}", "language": lang} for lang in "abcd" for i in range(6)]
    rows += [{"speaker": "a0", "language": "a"}, {"speaker": "b0", "language": "b"}]
    rows += [{"speaker": f"z{i}", "language": "z"} for i in range(4)]
    choice = choose(probe_rows(rows, Target.LANGUAGE), Target.LANGUAGE, Scope(classes=2))
    assert set(choice.rows.labels) == {"a", "b"}
    assert [line.split(" left out")[0] for line in choice.left_out] == ["z", "c, d"]


@pytest.mark.parametrize(
    ("rows", "target", "found"),
    [
        ([{"speaker": f"s{i}", "gender": "m"} for i in range(9)], Target.GENDER, "1 of 1 (m: 9)"),
        (genders(8), Target.GENDER, "0 of 2 (f: 4, m: 4)"),
        ([{"speaker": "s"}], Target.GENDER, "no recording with a declared tag and a speaker"),
        ([{"speaker": "s"}] * 9, Target.SPEAKER, "1 of 1 (s: 9)"),
    ],
)
def test_one_class_or_too_few_speakers_are_refused_in_one_line(
    rows: list[dict[str, Any]], target: Target, found: str
) -> None:
    with pytest.raises(StoreError) as caught:
        choose(probe_rows(rows, target), target, Scope())
    message = str(caught.value)
    assert found in message
    assert "\n" not in message


@pytest.mark.parametrize("values", [{"folds": 1}, {"classes": 1}, {"folds": 5, "limit": 4}])
def test_impossible_numbers_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="expected"):
        Scope(**values)


@few(25)
@given(
    speakers=st.lists(st.integers(1, 6), min_size=12, max_size=40),
    copies=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=4),
    folds=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_no_speaker_and_no_content_is_on_both_sides(
    speakers: list[int], copies: list[tuple[int, int]], folds: int, seed: int
) -> None:
    rows: list[dict[str, Any]] = [
        {"speaker": f"s{i}", "gender": "mf"[i % 2], "content_hash": f"{i}-{take}"}
        for i, count in enumerate(speakers)
        for take in range(count)
    ]
    for one, other in copies:
        rows[one % len(rows)]["content_hash"] = rows[other % len(rows)]["content_hash"]
    chosen = choose(probe_rows(rows, Target.GENDER), Target.GENDER, Scope(folds, seed=seed)).rows
    assigned = folds_of(chosen, folds, seed)
    assert set(assigned) == set(range(folds))
    contents = np.array([rows[i]["content_hash"] for i in chosen.ids])
    for keys in (chosen.speakers.astype(str), contents):
        for key in np.unique(keys):
            assert len(set(assigned[keys == key])) == 1


@few(15)
@given(
    takes=st.lists(st.integers(5, 9), min_size=3, max_size=6),
    sessions=st.integers(5, 8),
    seed=st.integers(0, 99),
)
def test_no_session_of_a_speaker_is_on_both_sides(
    takes: list[int], sessions: int, seed: int
) -> None:
    rows = [
        {"speaker": f"s{i}", "extra": f'{{"session": "{take % sessions}"}}'}
        for i, count in enumerate(takes)
        for take in range(count)
    ]
    chosen = choose(probe_rows(rows, Target.SPEAKER), Target.SPEAKER, Scope(seed=seed)).rows
    assigned = folds_of(chosen, 5, seed)
    keys = [(rows[i]["speaker"], rows[i]["extra"]) for i in chosen.ids]
    folds = {key: {int(f) for k, f in zip(keys, assigned, strict=True) if k == key} for key in keys}
    assert all(len(found) == 1 for found in folds.values())
    for speaker in set(chosen.speakers):
        assert len(set(assigned[chosen.speakers == speaker])) > 1
