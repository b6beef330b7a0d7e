from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from builders import embedded
from hypothesis import given
from hypothesis import strategies as st

from spkret.indexer.tagging.base import TAG_NAMES, Evidence, Probabilities, Tagger, TagName
from spkret.indexer.tagging.fill import fill
from spkret.store.schema import Embedded, Tag, TagSource

VALUES = {"noise": ("clean", "background"), "gender": ("f", "m"), "language": ("de", "sw")}
UNKNOWN = {"noise": "unknown", "gender": None, "language": "und"}
GIVEN = (TagSource.MANIFEST, TagSource.FOLDER)


class Guess(Tagger):
    """Says what its row of shares says; nothing where a share is NaN."""

    def __init__(self, tag: TagName, first: Sequence[float]) -> None:
        self.tag, self.classes, self.first = tag, VALUES[tag], first

    def probabilities(self, evidence: Evidence) -> Probabilities:
        first = np.resize(np.array(self.first, np.float32), len(evidence))
        return np.stack([first, 1 - first], axis=1)


@st.composite
def tags(draw: st.DrawFn, name: TagName) -> Tag:
    source = draw(st.sampled_from(TagSource))
    if source == TagSource.NONE:
        return Tag(UNKNOWN[name])
    probability = draw(st.floats(0.5, 1, width=32)) if source == TagSource.TAGGER else None
    return Tag(draw(st.sampled_from([*VALUES[name], UNKNOWN[name]])), source, probability)


@st.composite
def recordings(draw: st.DrawFn) -> list[Embedded]:
    rows = [embedded(f"{i}.wav") for i in range(draw(st.integers(0, 5)))]
    drawn: list[dict[str, Any]] = [{name: draw(tags(name)) for name in TAG_NAMES} for _ in rows]
    return [
        replace(row, recording=replace(row.recording, **given))
        for row, given in zip(rows, drawn, strict=True)
    ]


@given(
    rows=recordings(),
    shares=st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1, width=32)), min_size=1),
    names=st.lists(st.sampled_from(TAG_NAMES), unique=True),
)
def test_only_what_is_missing_or_was_told_before_is_filled_in(
    rows: list[Embedded], shares: list[float], names: list[TagName]
) -> None:
    filled = fill(rows, [Guess(name, shares) for name in names])
    for before, after in zip(rows, filled, strict=True):
        for name in TAG_NAMES:
            old, new = getattr(before.recording, name), getattr(after.recording, name)
            if old.source in GIVEN or name not in names:
                assert new == old
            elif new != old:
                assert new.source == TagSource.TAGGER
                assert new.value in VALUES[name]
                assert 0.5 <= new.probability <= 1
        assert replace(after, recording=before.recording) == before


def test_a_missing_tag_gets_the_likelier_value() -> None:
    row = embedded("a.wav")
    bare = replace(row, recording=replace(row.recording, gender=Tag()))
    (filled,) = fill([bare], [Guess("gender", [0.25])])
    assert filled.recording.gender == Tag("m", TagSource.TAGGER, 0.75)
    (silent,) = fill([bare], [Guess("gender", [float("nan")])])
    assert silent.recording.gender == Tag()
