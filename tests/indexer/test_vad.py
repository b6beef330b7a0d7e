"""Silero's network without torch against the package's own way of using it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from spkret.errors import OptionalDependencyError
from spkret.indexer import optional, vad
from spkret.indexer.audio import load
from spkret.indexer.vad import is_speech, probabilities

CORPUS = Path(__file__).parents[2] / "examples" / "corpus"


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Importing silero_vad sets the threads of torch."""
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)


def spaced(*names: str) -> npt.NDArray[np.float32]:
    """Voices of the corpus with pauses of 0.05 to 1.5 s of faint noise between and around them."""
    generator = np.random.default_rng(0)
    parts = []
    for name in names:
        pause = generator.uniform(0.05, 1.5)
        parts += [generator.normal(0, 1e-3, int(16_000 * pause)), load(CORPUS / name).waveform]
    return np.concatenate([*parts, parts[0]]).astype(np.float32)


def own_timestamps(waveform: npt.NDArray[np.float32]) -> list[dict[str, int]]:
    from silero_vad import get_speech_timestamps, load_silero_vad

    model = load_silero_vad(onnx=True)
    found: list[dict[str, int]] = get_speech_timestamps(torch.from_numpy(waveform), model)
    return found


@pytest.mark.parametrize("language", ["en", "fr", "sw"])
def test_speech_is_where_the_package_finds_it(language: str) -> None:
    waveform = spaced(*(f"{language}/{number:03}.opus" for number in range(1, 7)))
    expected = np.zeros(len(waveform), np.bool_)
    for stretch in own_timestamps(waveform):
        expected[stretch["start"] : stretch["end"]] = True
    found = is_speech(waveform)
    assert 0.05 < expected.mean() < 0.95
    assert np.mean(found != expected) < 0.001


def test_a_block_goes_on_where_the_one_before_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    waveform = spaced("en/001.opus", "en/002.opus")
    whole = probabilities(waveform)
    monkeypatch.setattr(vad, "BLOCK_FRAMES", 7)
    np.testing.assert_allclose(probabilities(waveform), whole, atol=1e-4)
    assert len(whole) == -(-len(waveform) // 512)


def stretches(*likely: float) -> list[tuple[int, int]]:
    return list(vad._stretches(likely))


def test_short_pauses_and_doubt_do_not_end_speech() -> None:
    assert stretches(0.1, 0.9, 0.4, 0.4, 0.4, 0.4, 0.4, 0.9) == [(1, 8)]
    assert stretches(0.9, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2) == [(0, 5)]
    assert stretches(0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9) == [(0, 1), (6, 7)]
    assert stretches(0.1, 0.4) == []


def test_noise_and_silence_are_no_speech() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 48_000).astype(np.float32)
    assert not is_speech(noise).any()
    assert not is_speech(np.zeros(48_000, np.float32)).any()
    assert len(is_speech(np.zeros(0, np.float32))) == 0


def test_torch_is_not_imported() -> None:
    code = (
        "import sys, numpy as np; from spkret.indexer.vad import is_speech;"
        "is_speech(np.zeros(16_000, np.float32)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional, "find_spec", lambda _: None)
    vad.recipe.cache_clear()
    with pytest.raises(OptionalDependencyError, match=r"--vad.*spkret\[vad\]"):
        vad.recipe()
