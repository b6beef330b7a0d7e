from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quality_parts.drawing import Draw, draw
from quality_parts.plan import QUICK, Plan, Row, cells_of


def rows(files: list[int], source: str = "a", language: str = "en") -> list[Row]:
    """A manifest of speakers with so many files each, of genders in turn."""
    return [
        {
            "path": f"{source}/{language}/{speaker}/{number}.opus",
            "source": source,
            "language": language,
            "speaker": f"{source}:{speaker}",
            "gender": "fm"[speaker % 2],
        }
        for speaker, count in enumerate(files)
        for number in range(count)
    ]


def drawn(given: list[Row], size: int = 10, *, records: int = 20, seed: int = 0) -> list[Draw]:
    return draw(given, records, np.random.default_rng(seed), size=size)


def test_cells_have_enough_speakers_of_whom_one_repeats() -> None:
    few, single = rows([2, 2, 2, 2], "few"), rows([1] * 6, "single")
    enough = rows([1, 1, 1, 1, 2], "enough") + rows([3] * 5, "enough", "es")
    assert list(cells_of([*few, *single, *enough])) == ["enough/en", "enough/es"]


@given(st.lists(st.integers(1, 6), min_size=5, max_size=12), st.integers(2, 20), st.integers(0, 9))
def test_a_group_holds_the_match_and_other_speakers(files: list[int], size: int, seed: int) -> None:
    listed = rows([*files, 2])
    speaker_of = {row["path"]: row["speaker"] for row in listed}
    for one in drawn(listed, size, records=5, seed=seed):
        trial = one.trial(size)
        others = [path for path in trial.group if path != trial.match]
        assert trial.anchor != trial.match
        assert speaker_of[trial.anchor] == speaker_of[str(trial.match)] == one.speaker
        assert len(set(trial.group)) == len(trial.group) == len(others) + 1 <= size
        assert one.speaker not in {speaker_of[path] for path in others}
        available = sum(row["speaker"] != one.speaker for row in listed)
        assert len(others) == min(size - 1, available)


def test_new_speakers_come_before_speakers_seen() -> None:
    listed = rows([4] * 6)
    speaker_of = {row["path"]: row["speaker"] for row in listed}
    for one in drawn(listed, 13):
        counts = Counter(speaker_of[path] for path in one.paths[1:])
        assert sorted(counts.values()) == [2, 2, 2, 3, 3]


def test_smaller_groups_are_parts_of_larger_ones() -> None:
    for one in drawn(rows([3] * 20), 40):
        small, large = one.trial(10), one.trial(40)
        assert set(small.group) < set(large.group)
        assert [path for path in large.group if path in small.group] == list(small.group)
        assert small.match == large.match


def test_the_match_stands_anywhere_in_the_group() -> None:
    places = {one.trial(5).group.index(one.paths[0]) for one in drawn(rows([3] * 8), 5, records=60)}
    assert places == set(range(5))


def test_others_have_the_anchors_gender_if_there_are_enough() -> None:
    listed = rows([3] * 12)
    gender_of = {row["path"]: row["gender"] for row in listed}
    alike = draw(listed, 20, np.random.default_rng(0), size=10, by_gender=True)
    assert all(len({gender_of[path] for path in one.paths}) == 1 for one in alike)
    mixed = draw(listed, 20, np.random.default_rng(0), size=30, by_gender=True)
    assert all(len({gender_of[path] for path in one.paths}) == 2 for one in mixed)


def test_cells_too_small_for_a_size_are_left_out() -> None:
    listed = rows([3] * 5, "small") + rows([3] * 20, "large")
    found = draw(listed, 5, np.random.default_rng(0), size=50, least=50)
    assert {one.cell for one in found} == {"large/en"}
    assert all(len(one.paths) == 50 for one in found)


def test_draws_depend_on_the_seed_alone() -> None:
    listed = rows([3] * 10)
    assert drawn(listed, seed=1) == drawn(listed, seed=1) != drawn(listed, seed=2)


@pytest.mark.parametrize("files", [[4] * 30, [1, 40, 40, 40, 40, 40], [2] * 8])
def test_a_quick_plan_keeps_cells_that_records_can_be_drawn_from(files: list[int]) -> None:
    kept = QUICK.keep(rows(files) + rows([2] * 6, "small") + rows([2] * 5, "smaller"))
    assert len(cells_of(kept)) == 2
    assert len(kept) <= 2 * 100
    assert Plan().keep(kept) == kept
