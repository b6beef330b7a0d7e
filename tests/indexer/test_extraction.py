from itertools import product

import numpy as np
import pytest
from builders import TOY_IDENTITY, voice
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import UsageError
from spkret.indexer.crops import CROP_S, crops
from spkret.indexer.extraction import Extraction, parse
from spkret.indexer.pieces import pieces

options = st.builds(Extraction, st.integers(0, 100), st.booleans(), st.booleans())


@given(options, st.sampled_from(["compact", "my+encoder", "a+vad2", "x", "deep/er+crops"]))
def test_a_name_tells_the_options(chosen: Extraction, encoder: str) -> None:
    parsed = parse(encoder + chosen.suffix)
    assert (parsed.encoder, parsed.options) == (encoder, chosen)


def test_names_are_short_and_plain() -> None:
    assert Extraction().suffix == ""
    assert Extraction(vad=True).suffix == "+vad"
    assert Extraction(crops=3, vad=True, denoise=True).suffix == "+denoise+vad+crops3"


def test_every_choice_is_another_fingerprint() -> None:
    switches = (False, True)
    chosen = [Extraction(*one) for one in product((0, 2, 3), switches, switches)]
    identities = [one.identity(TOY_IDENTITY) for one in chosen]
    assert identities[0] == TOY_IDENTITY
    assert len({one.fingerprint for one in identities}) == len(chosen)
    assert {one.dimension for one in identities} == {TOY_IDENTITY.dimension}
    assert identities == [one.identity(TOY_IDENTITY) for one in chosen]


@pytest.mark.parametrize("count", [-1, 101])
def test_too_many_crops_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match="crops"):
        Extraction(crops=count)


@pytest.mark.parametrize("count", [1, 3, 10])
def test_crops_lie_evenly_in_the_waveform(count: int) -> None:
    waveform = np.arange(16_000 * 9, dtype=np.float32)
    found = crops(waveform, count)
    assert {len(one) for one in found} == {int(CROP_S * 16_000)}
    starts = [int(one[0]) for one in found]
    gaps = np.diff([-starts[0], *starts, 2 * (16_000 * 6) - starts[-1]])
    assert np.ptp(gaps) <= 2
    assert all(np.array_equal(one, np.arange(one[0], one[0] + len(one))) for one in found)


def test_a_short_waveform_has_no_crops() -> None:
    assert crops(voice(CROP_S), 5) == []
    assert crops(voice(9.0), 0) == []


def test_the_whole_and_its_crops_weigh_as_much_as_the_window() -> None:
    waveform = voice(8.0)
    whole, *cut = pieces(waveform, Extraction(crops=3))
    assert whole.waveform is waveform
    assert len(cut) == 3
    assert [one.seconds for one in (whole, *cut)] == pytest.approx([2.0] * 4)


def test_silent_crops_are_left_out() -> None:
    waveform = np.concatenate([voice(3.0), np.zeros(16_000 * 9, np.float32)])
    found = pieces(waveform, Extraction(crops=4))
    assert sum(one.seconds for one in found) == pytest.approx(12)
    assert all(np.abs(one.waveform).max() > 0.05 for one in found)
    assert pieces(np.zeros(160_000, np.float32), Extraction(crops=4)) == []
