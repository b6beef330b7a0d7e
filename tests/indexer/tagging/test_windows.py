"""Windows of a long file get the tags of what is in them, and nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import SpectralEncoder, write_audio
from encoder_folders import language_folder
from numpy.testing import assert_allclose

from spkret.commands.demo import CORPUS
from spkret.indexer.acoustics import measure
from spkret.indexer.audio import RATE_HZ, load
from spkret.indexer.tagging.base import Evidence, Probabilities, Tagger, TagName
from spkret.indexer.tagging.cutting import Grid
from spkret.indexer.tagging.language import LanguageTagger
from spkret.indexer.tagging.segments import Window, merge
from spkret.indexer.tagging.shipped import noise_tagger
from spkret.indexer.tagging.windows import WindowTagger
from spkret.indexer.training.channel import communicate
from spkret.indexer.vad import is_speech
from spkret.store.schema import Acoustics, Tag, Vector

PARTS = {"silence": (0, 4), "speech": (4, 8), "noise": (8, 12), "radio": (12, 16)}
"""What the tape holds, in seconds."""


class Listener(Tagger):
    """A tagger that remembers what it was given, and tells the louder half from the other."""

    classes = ("f", "m")

    def __init__(self, tag: TagName = "gender") -> None:
        self.tag = tag
        self.heard: list[tuple[Acoustics, Vector, Vector]] = []

    def probabilities(self, evidence: Evidence) -> Probabilities:
        sounds = [np.concatenate(list(evidence.windows(row))) for row in range(len(evidence))]
        self.heard += zip(evidence.acoustics, evidence.embeddings, sounds, strict=True)
        loud = [float(np.abs(sound).max()) > 0.3 for sound in sounds]
        return np.array([[0.9, 0.1] if one else [0.3, 0.7] for one in loud], np.float32)


def talk(seconds: int) -> Vector:
    """Real speech without a pause, at a peak of 0.5, with the hiss of a room."""
    clips = [load(CORPUS / f"en/00{number}.opus").waveform for number in (3, 8, 9)]
    spoken = np.concatenate([clip[is_speech(clip)] for clip in clips])[: seconds * RATE_HZ]
    hiss = np.random.default_rng(1).standard_normal(len(spoken)) * 3e-4
    return np.asarray(0.5 * spoken / np.abs(spoken).max() + hiss, np.float32)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    speech, silence = talk(4), np.zeros(4 * RATE_HZ, np.float32)
    noise = (0.05 * rng.standard_normal(4 * RATE_HZ)).astype(np.float32)
    parts = [silence, speech, noise, communicate(speech, rng)]
    assert all(len(part) == 4 * RATE_HZ for part in parts)
    return write_audio(tmp_path_factory.mktemp("tape") / "tape.wav", np.concatenate(parts))


def tagged(
    path: Path, *taggers: Tagger, grid: Grid | None = None, **options: object
) -> list[Window]:
    tagger = WindowTagger(SpectralEncoder(), taggers, **options)  # type: ignore[arg-type]
    return list(tagger.tag(path, grid or Grid()))


def inside(windows: list[Window], part: str) -> list[Window]:
    start, end = PARTS[part]
    return [one for one in windows if start <= one.start_s and one.end_s <= end]


@pytest.fixture(scope="module")
def windows(tape: Path) -> list[Window]:
    return tagged(tape, noise_tagger(), Listener())


def test_times_are_those_of_the_grid(windows: list[Window]) -> None:
    expected = [(number / 2, number / 2 + 1) for number in range(31)]
    assert [(one.start_s, one.end_s) for one in windows] == expected


def test_silence_has_no_tags(windows: list[Window]) -> None:
    silent = inside(windows, "silence")
    assert len(silent) == 7
    assert silent == [Window(one.start_s, one.end_s, 0.0) for one in silent]


def test_speech_is_in_its_seconds(windows: list[Window]) -> None:
    assert all(one.spoken for part in ("speech", "radio") for one in inside(windows, part))
    assert min(one.speech or 0 for one in inside(windows, "speech")) > 0.8
    lingers = 8.5  # the detector hears the voice a little longer
    assert not any(one.spoken for one in inside(windows, "noise") if one.start_s >= lingers)


def test_noise_is_in_its_seconds(windows: list[Window]) -> None:
    assert {one.noise.value for one in inside(windows, "noise")} == {"background"}
    radio = [one.noise.value for one in inside(windows, "radio")]
    assert radio.count("communication") > 0.7 * len(radio)
    assert "communication" not in {one.noise.value for one in inside(windows, "speech")}


def test_probabilities_of_noise_are_all_there(windows: list[Window]) -> None:
    for one in windows:
        if one.noise != Tag():
            shares = one.noise_probabilities
            assert set(shares) == {"clean", "background", "communication"}
            assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
            assert one.noise.probability == max(shares.values())
            assert one.noise.value == max(shares, key=lambda name: shares[name])


def test_only_speech_has_a_gender(windows: list[Window]) -> None:
    assert all((one.gender != Tag()) == one.spoken for one in windows)


def test_segments_follow_the_parts(windows: list[Window]) -> None:
    spoken = [(one.start_s, one.end_s) for one in merge(windows) if one.spoken]
    starts, ends = zip(*spoken, strict=True)
    assert min(starts) == pytest.approx(4, abs=0.5)
    assert max(end for end in ends if end < 11) == pytest.approx(8, abs=0.8)
    assert min(start for start in starts if start > 9) == pytest.approx(12, abs=0.5)
    assert max(ends) == 16


def test_a_tagger_hears_the_windows_themselves(tape: Path) -> None:
    listener, waveform = Listener(), load(tape).waveform
    windows = tagged(tape, listener, grid=Grid(1.0, 0.75))
    encoder, spoken = SpectralEncoder(), [one for one in windows if one.spoken]
    assert len(listener.heard) == len(spoken)
    for (acoustics, embedding, sound), window in zip(listener.heard, spoken, strict=True):
        start, end = round(window.start_s * RATE_HZ), round(window.end_s * RATE_HZ)
        assert_allclose(sound, waveform[start:end])
        assert acoustics.snr_db == measure(sound, RATE_HZ).snr_db
        expected = encoder.encode_equal(encoder.snap(sound)[None])[0]
        assert_allclose(embedding, expected / np.linalg.norm(expected), atol=1e-5)


def test_cosines_with_an_anchor(tape: Path) -> None:
    listener = Listener()
    anchor = np.full(48, 48**-0.5, np.float32)
    windows = tagged(tape, listener, anchor=anchor)
    expected = [embedding.sum() * 48**-0.5 for _, embedding, _ in listener.heard]
    found = np.array([one.cosine for one in windows if one.spoken], float)
    assert_allclose(found, expected, atol=1e-5)
    assert {one.cosine for one in windows if not one.spoken} == {None}


def test_without_vad_every_sound_is_taken_for_speech(tape: Path) -> None:
    windows = tagged(tape, Listener(), vad=False)
    assert {one.speech for one in windows} == {None}
    assert all(one.gender != Tag() for one in inside(windows, "noise"))
    assert all(one.gender == Tag() for one in inside(windows, "silence"))


def test_batches_do_not_matter(
    tape: Path, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpectralEncoder, "batch_s", 3.0)
    for one, expected in zip(tagged(tape, noise_tagger(), Listener()), windows, strict=True):
        assert (one.start_s, one.speech, one.gender) == (
            expected.start_s,
            expected.speech,
            expected.gender,
        )
        assert one.noise_probabilities == pytest.approx(expected.noise_probabilities, abs=1e-5)


def test_language_of_each_window(tape: Path, tmp_path: Path) -> None:
    tagger = LanguageTagger(language_folder(tmp_path / "lang-id"))
    windows, waveform = tagged(tape, tagger, grid=Grid(2.0, 1.0)), load(tape).waveform
    assert all((one.language != Tag()) == one.spoken for one in windows)
    for one in inside(windows, "speech"):
        sound = waveform[int(one.start_s * RATE_HZ) : int(one.end_s * RATE_HZ)]
        alone = Evidence([measure(sound, RATE_HZ)], np.zeros((1, 48), np.float32), _of(sound))
        assert one.language.probability == pytest.approx(
            tagger.probabilities(alone).max(), abs=1e-5
        )


def _of(sound: Vector) -> Callable[[int], Iterator[Vector]]:
    return lambda _: iter([sound])


@pytest.mark.parametrize("rate_hz", [8_000, 44_100])
def test_other_rates(tmp_path: Path, rate_hz: int) -> None:
    import soxr

    speech = soxr.resample(talk(4), RATE_HZ, rate_hz)
    silence = np.zeros(2 * rate_hz, np.float32)
    path = write_audio(tmp_path / "a.flac", np.concatenate([silence, speech]), rate_hz)
    windows = tagged(path, Listener())
    assert [one.spoken for one in windows] == [False] * 3 + [True] * 8
    assert (windows[-1].start_s, windows[-1].end_s) == (5.0, 6.0)


def test_a_file_shorter_than_a_window(tmp_path: Path) -> None:
    (window,) = tagged(write_audio(tmp_path / "short.wav", talk(4)[: RATE_HZ // 2]), Listener())
    assert (window.start_s, window.end_s) == (0.0, 0.5)
    assert window.gender.value == "f"
