"""Windows of equal tags become segments without gaps."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.indexer.tagging.segments import Window, merge
from spkret.store.schema import Tag, TagSource


def window(
    start: float,
    end: float,
    noise: str | None = "clean",
    *,
    speech: float | None = 1.0,
    probabilities: Mapping[str, float] | None = None,
    cosine: float | None = None,
) -> Window:
    tag = Tag() if noise is None else Tag(noise, TagSource.TAGGER, 0.8)
    return Window(
        start, end, speech, noise=tag, noise_probabilities=probabilities or {}, cosine=cosine
    )


def spans(windows: list[Window]) -> list[tuple[float, float, str | None]]:
    return [(one.start_s, one.end_s, one.noise.value) for one in merge(windows)]


def test_windows_that_touch_meet_where_they_touch() -> None:
    found = spans([window(0, 1), window(1, 2), window(2, 3, "background"), window(3, 3.4)])
    assert found == [(0, 2, "clean"), (2, 3, "background"), (3, 3.4, "clean")]


def test_windows_that_overlap_meet_in_the_middle_of_what_they_share() -> None:
    found = spans([window(0, 1), window(0.5, 1.5), window(1, 2, "background")])
    assert found == [(0, 1.25, "clean"), (1.25, 2, "background")]


def test_figures_are_means() -> None:
    first = window(0, 1, speech=0.5, probabilities={"clean": 0.9, "background": 0.1}, cosine=0.4)
    second = window(1, 2, probabilities={"clean": 0.7, "background": 0.3})
    (found,) = merge([first, second])
    assert found.speech == 0.75
    assert found.noise_probabilities == pytest.approx({"clean": 0.8, "background": 0.2})
    assert found.noise.probability == pytest.approx(0.8)
    assert found.cosine == 0.4
    assert found.gender == Tag()


def test_speech_and_silence_are_two() -> None:
    found = merge([window(0, 1, None, speech=0.0), window(1, 2, None, speech=0.3)])
    assert [one.spoken for one in found] == [False, True]


def test_where_speech_was_not_looked_for() -> None:
    (found,) = merge([window(0, 1, speech=None), window(1, 2, speech=None)])
    assert found.speech is None
    assert found.spoken


def test_nothing_is_nothing() -> None:
    assert list(merge([])) == []


@given(st.lists(st.sampled_from(["clean", "background", None]), min_size=1, max_size=30))
def test_segments_cover_the_file_and_neighbours_differ(noises: list[str | None]) -> None:
    windows = [window(n / 2, n / 2 + 1, noise) for n, noise in enumerate(noises)]
    found = spans(windows)
    assert found[0][0] == 0
    assert found[-1][1] == windows[-1].end_s
    for before, after in pairwise(found):
        assert before[1] == after[0]
        assert before[2] != after[2]
    assert all(start < end for start, end, _ in found)


def test_a_window_as_a_flat_mapping() -> None:
    assert window(0, 1, probabilities={"clean": 0.8, "background": 0.2}).to_dict() == {
        "start_s": 0,
        "end_s": 1,
        "speech": 1.0,
        "noise": "clean",
        "noise_probability": 0.8,
        "noise_probabilities": {"clean": 0.8, "background": 0.2},
        "gender": None,
        "gender_probability": None,
        "language": None,
        "language_probability": None,
        "cosine": None,
    }
