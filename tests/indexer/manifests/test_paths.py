from pathlib import Path

import pytest

from spkret.indexer.manifests.paths import Paths


@pytest.fixture
def audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "corpus" / "audio"
    (folder / "clips").mkdir(parents=True)
    for name in ("a.wav", "clips/c.mp3"):
        (folder / name).touch()
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_folder_of_audio_comes_first(audio: Path) -> None:
    assert Paths(audio, audio / "m.jsonl").relative("a.wav") == "a.wav"
    assert Paths(audio, audio / "m.jsonl").relative("no.wav") == "no.wav"


def test_the_first_path_found_decides(audio: Path) -> None:
    paths = Paths(audio, audio.parent / "m.jsonl")
    assert paths.relative("audio/gone.wav") == "audio/gone.wav"
    assert paths.relative("audio/a.wav") == "a.wav"
    assert paths.relative("audio/gone.wav") == "gone.wav"
    assert paths.relative("m.wav") == "m.wav"


def test_the_working_directory_comes_last(audio: Path, tmp_path: Path) -> None:
    paths = Paths(audio, tmp_path / "elsewhere" / "wav.scp")
    assert paths.relative("corpus/audio/clips/c.mp3") == "clips/c.mp3"
    assert paths.relative("corpus/other.wav") is None


def test_bare_names_may_lie_in_clips(audio: Path) -> None:
    paths = Paths(audio, audio / "validated.tsv")
    assert paths.relative("c.mp3") == "clips/c.mp3"
    assert paths.relative("x/y.mp3") == "x/y.mp3"


def test_a_listed_folder_is_taken_as_it_is(audio: Path) -> None:
    assert Paths(audio).relative("corpus/audio/a.wav") == "corpus/audio/a.wav"
    assert Paths(audio).relative("../a.wav") is None


def test_names_too_long_for_the_file_system_are_not_there(audio: Path) -> None:
    paths = Paths(audio, audio / "m.csv")
    assert paths.relative("x" * 5_000) == "x" * 5_000
    assert paths.relative("c.mp3") == "clips/c.mp3"
