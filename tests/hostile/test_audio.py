"""Damaged and lying audio: read or refused with a reason, within bounds of time and memory."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hostile_audio import KINDS, crafted, mutated, mutated_files, real
from hostile_child import Case, check, read_all
from hypothesis import given
from hypothesis import strategies as st
from tally import tell

from spkret.errors import AudioError
from spkret.indexer.decode import decode
from spkret.indexer.reasons import Reason

MOST_S, MOST_MEBIBYTES = 15.0, 160.0


def written(folder: Path, count: int, seed: int) -> Path:
    for name, content in mutated_files(count, seed):
        (folder / name).write_bytes(content)
    return folder


def test_damaged_files_are_read_or_have_a_reason(tmp_path: Path) -> None:
    cases = read_all("audio", written(tmp_path, 230, 1))
    check(cases, MOST_S, MOST_MEBIBYTES)
    ended = Counter(case.ended for case in cases)
    assert len(cases) == 230
    assert ended["read"] > 30
    assert len(ended) >= 4


@pytest.fixture(scope="module")
def fooled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("crafted")
    for name, content in crafted():
        (folder / name).write_bytes(content)
    cases = read_all("audio", folder)
    check(cases, MOST_S, MOST_MEBIBYTES)
    return {case.name: case for case in cases}


@pytest.mark.parametrize(
    ("reason", "names"),
    [
        ("read", "rate-192000.wav channels-64.wav mp3-named.wav wav-named.m4a one-click.wav"),
        (Reason.UNSUPPORTED, "rate-1.wav rate-3999.wav rate-384001.wav channels-65.wav"),
        (Reason.NOT_AUDIO, "rate-0.wav channels-0.wav text.mp3 playlist.m4a concat.mp4"),
        (Reason.NOT_FINITE, "nan.wav nan-alone.wav infinite.wav minus-dc.wav huge-44100.wav"),
        (Reason.SILENT, "silence.wav dc.wav long-silence.flac long-silence.opus"),
        (Reason.TRUNCATED, "size-2147483648.wav"),
        (Reason.EMPTY, "samples-0.wav"),
        (Reason.TOO_SHORT, "samples-1.wav samples-1599.wav"),
    ],
)
def test_what_is_made_to_fool_has_its_reason(
    fooled: dict[str, Case], reason: str, names: str
) -> None:
    assert {fooled[name].ended for name in names.split()} == {str(reason)}


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32))
def test_any_damage_is_a_typed_error(tmp_path: Path, kind: str, seed: int) -> None:
    path = tmp_path / kind
    path.write_bytes(mutated(real(kind), Random(seed)))
    with suppress(AudioError):
        assert sum(1 for _ in decode(path, lambda _: True)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_damaged_files(tmp_path: Path, seed: int) -> None:
    cases = read_all("audio", written(tmp_path, 1_000, 100 + seed))
    check(cases, MOST_S, MOST_MEBIBYTES)
    tell("hostile audio", cases=len(cases), **Counter(case.ended for case in cases))
