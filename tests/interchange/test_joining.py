"""Keys are joined with the rows of manifests as their writers meant it."""

from pathlib import Path

import pytest

from spkret.errors import ManifestError
from spkret.interchange.joining import join, listed
from spkret.store.schema import Recording


def recordings(*paths: str, **extra: str) -> list[Recording]:
    return [Recording("/audio", path, extra=extra) for path in paths]


@pytest.mark.parametrize(
    "key", ["en/a.1.wav", "./en/a.1.wav", "/audio/en/a.1.wav", "en/a.1", "a.1.wav", "a.1"]
)
def test_a_key_may_be_a_path_or_a_name(key: str) -> None:
    joined = join([key], recordings("de/b.wav", "en/a.1.wav"))
    assert [(number, one.path) for number, one in joined.rows] == [(0, "en/a.1.wav")]
    assert [one.path for one in joined.without_key] == ["de/b.wav"]


@pytest.mark.parametrize("column", ["utterance", "key", "id"])
def test_a_key_may_be_in_a_column(column: str) -> None:
    joined = join(["u1"], recordings("en/a.wav", **{column: "u1"}))
    assert len(joined.rows) == 1


def test_a_name_of_two_recordings_joins_neither() -> None:
    joined = join(["001", "x/001"], recordings("x/001.wav", "y/001.wav"))
    assert [number for number, _ in joined.rows] == [1]
    assert joined.without_row == ["001"]
    assert [one.path for one in joined.without_key] == ["y/001.wav"]


@pytest.mark.parametrize("key", ["x/001.wav", "b/x/001.wav", "x/001"])
def test_a_key_may_be_the_end_of_a_path(key: str) -> None:
    joined = join([key], recordings("a/b/x/001.wav", "a/b/y/001.wav"))
    assert [one.path for _, one in joined.rows] == ["a/b/x/001.wav"]


def test_a_path_counts_before_a_name() -> None:
    joined = join(["a", "sub/a.wav"], recordings("a", "sub/a.wav"))
    assert [(number, one.path) for number, one in joined.rows] == [(0, "a"), (1, "sub/a.wav")]


def test_a_recording_is_taken_once() -> None:
    joined = join(["a.wav", "a"], recordings("a.wav"))
    assert [number for number, _ in joined.rows] == [0]
    assert joined.without_row == ["a"]


def test_without_a_manifest_keys_are_paths() -> None:
    found = listed(["b c/ä.wav", "/abs/x.wav", "../out.wav"], None, None)
    assert [(one.root, one.path) for one in found.recordings] == [
        ("/", "b c/ä.wav"),
        ("/", "abs/x.wav"),
        ("/", "out.wav"),
    ]


def test_keys_outside_the_folder_fail(tmp_path: Path) -> None:
    found = listed(["in.wav", "../out.wav", "/abs.wav"], None, tmp_path)
    assert [one.path for one in found.recordings] == ["in.wav"]
    assert [failure.reason for failure in found.failures] == ["outside", "outside"]


@pytest.fixture
def kaldi(tmp_path: Path) -> Path:
    (tmp_path / "utt2spk").write_text("anna-1 anna\nanna-2 anna\nbert-1 bert\n")
    (tmp_path / "spk2gender").write_text("anna f\nbert m\n")
    return tmp_path


def test_utterances_need_no_audio(kaldi: Path) -> None:
    found = listed([], kaldi, None)
    assert [(one.path, one.speaker.value, one.gender.value) for one in found.recordings] == [
        ("anna-1", "anna", "f"),
        ("anna-2", "anna", "f"),
        ("bert-1", "bert", "m"),
    ]


@pytest.mark.parametrize("given", [".", "wav.scp"])
def test_utterances_have_the_files_that_are_plain(given: str, kaldi: Path) -> None:
    (kaldi / "wav.scp").write_text("anna-1 en/1.wav\nanna-2 sph2pipe 2.sph |\nbert-1 /b/1.wav\n")
    found = listed([], kaldi / given, None)
    assert sorted(one.path for one in found.recordings) == ["anna-2", "b/1.wav", "en/1.wav"]
    assert not found.failures
    joined = join(["anna-1", "anna-2", "bert-1"], found.recordings)
    assert [one.speaker.value for _, one in joined.rows] == ["anna", "anna", "bert"]


def test_utterances_of_segments_stand_for_themselves(kaldi: Path) -> None:
    (kaldi / "wav.scp").write_text("call en/1.wav\n")
    (kaldi / "segments").write_text("anna-1 call 0 1\nanna-2 call 1 2\nbert-1 call 2 3\n")
    assert [one.path for one in listed([], kaldi, None).recordings] == [
        "anna-1",
        "anna-2",
        "bert-1",
    ]


def test_a_folder_without_a_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError):
        listed([], tmp_path, None)
