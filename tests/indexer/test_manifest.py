import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import ManifestError
from spkret.indexer.manifest import Manifest, read_recordings
from spkret.indexer.reasons import Reason
from spkret.store.schema import Noise, Recording, Tag, TagSource


def read(root: Path, text: str, name: str = "manifest.csv") -> Manifest:
    (root / name).write_text(text, encoding="utf-8")
    return read_recordings(root)


def test_tags_become_a_recording(tmp_path: Path) -> None:
    manifest = read(
        tmp_path, "path,speaker,language,noise,gender,age,take\na/b.wav,ann,zh-CN,phone,F,30s,2\n"
    )
    assert manifest.recordings == [
        Recording(
            root=str(tmp_path.resolve()),
            path="a/b.wav",
            speaker=Tag("ann", TagSource.MANIFEST),
            language=Tag("zh", TagSource.MANIFEST),
            noise=Tag(Noise.COMMUNICATION, TagSource.MANIFEST),
            gender=Tag("f", TagSource.MANIFEST),
            age="30s",
            extra={"language_tag": "zh-CN", "take": "2"},
        )
    ]
    assert manifest.origin == str(tmp_path / "manifest.csv")


def test_found_counts_the_tags(tmp_path: Path) -> None:
    manifest = read(tmp_path, "path,speaker,noise\na.wav,ann,clean\nb.wav,bob,\nc.wav,,odd\n")
    assert manifest.found == {"speaker": 2, "language": 0, "noise": 1, "gender": 0, "age": 0}


def test_paths_are_made_relative_and_kept_inside(tmp_path: Path) -> None:
    root = tmp_path / "audio"
    root.mkdir()
    rows = ["./a.wav", "x/../b.wav", f"{root}/c d.wav", "../e.wav", "/etc/passwd", "..", "x/.."]
    manifest = read(root, "path\n" + "\n".join(rows) + "\n")
    assert [one.path for one in manifest.recordings] == ["a.wav", "b.wav", "c d.wav"]
    assert [(one.path, one.reason) for one in manifest.failures] == [
        (path, Reason.OUTSIDE) for path in rows[3:]
    ]


def test_an_absolute_path_through_a_link_to_the_folder_is_inside(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    manifest = read(link, f"path\n{link}/a.wav\n{tmp_path}/real/b.wav\n")
    assert [one.path for one in manifest.recordings] == ["a.wav", "b.wav"]
    assert manifest.root == str((tmp_path / "real").resolve())


def test_the_first_row_of_a_path_wins(tmp_path: Path) -> None:
    manifest = read(tmp_path, "path,speaker\na.wav,ann\n./a.wav,bob\n")
    assert [one.speaker.value for one in manifest.recordings] == ["ann"]
    (failure,) = manifest.failures
    assert failure.reason == Reason.DUPLICATE_ROW
    assert failure.detail == "line 3 repeats line 2"


def test_common_voice_tables_leave_the_folder_clips_out(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "c_1.mp3").touch()
    table = tmp_path / "validated.tsv"
    table.write_text("client_id\tpath\tlocale\nx\tc_1.mp3\tcy\nx\tc_2.mp3\tcy\n")
    found = read_recordings(tmp_path, table).recordings
    assert [one.path for one in found] == ["clips/c_1.mp3", "clips/c_2.mp3"]
    inside = read_recordings(tmp_path / "clips", table).recordings
    assert [one.path for one in inside] == ["c_1.mp3", "c_2.mp3"]


def test_a_kaldi_folder_beside_the_audio(tmp_path: Path) -> None:
    audio, data = tmp_path / "audio", tmp_path / "data"
    audio.mkdir()
    data.mkdir()
    (data / "wav.scp").write_text(f"u1 {audio}/a.wav\nu2 cat b |\n")
    for origin in (data, data / "wav.scp"):
        manifest = read_recordings(audio, origin)
        assert [one.path for one in manifest.recordings] == ["a.wav"]
        assert [one.reason for one in manifest.failures] == [Reason.COMMAND]


def test_without_a_manifest_folders_speak(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "a.wav").touch()
    manifest = read_recordings(tmp_path)
    assert manifest.origin == "folders"
    assert manifest.recordings[0].speaker == Tag("ann", TagSource.FOLDER)


def test_nothing_to_index_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="found none"):
        read_recordings(tmp_path)
    with pytest.raises(ManifestError, match="expected a folder"):
        read_recordings(tmp_path / "nowhere")
    with pytest.raises(ManifestError, match="found none"):
        read(tmp_path, "path,speaker\n")


WORD = st.text(
    st.characters(
        codec="utf-8", exclude_characters="\0\r\n/\ufeff", exclude_categories=["Zs", "Cc"]
    ),
    min_size=1,
    max_size=10,
).filter(lambda word: word.strip() == word and word not in (".", ".."))
PATHS = st.lists(WORD, min_size=1, max_size=3).map("/".join)
EXTRA = st.dictionaries(st.sampled_from(["take", "room", "ü-tag", "text"]), WORD)


def tagged(value: str | None) -> Tag:
    return Tag() if value is None else Tag(value, TagSource.MANIFEST)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    noise = draw(st.sampled_from(Noise))
    language = draw(st.sampled_from(["en", "zh", "kab", "und"]))
    return Recording(
        root="/",
        path=draw(PATHS),
        speaker=tagged(draw(st.none() | WORD)),
        language=Tag(language, TagSource.NONE if language == "und" else TagSource.MANIFEST),
        noise=Tag(noise, TagSource.NONE if noise == "unknown" else TagSource.MANIFEST),
        gender=tagged(draw(st.sampled_from([None, "m", "f"]))),
        age=draw(st.none() | WORD),
        extra=draw(EXTRA),
    )


def as_row(recording: Recording) -> dict[str, str]:
    row = {
        name: getattr(recording, name).value for name in ("speaker", "language", "noise", "gender")
    }
    return {"path": recording.path, **row, "age": recording.age or "", **recording.extra}


@given(st.lists(recordings(), min_size=1, max_size=5, unique_by=lambda one: one.path))
def test_recordings_survive_a_manifest(tmp_path: Path, written: list[Recording]) -> None:
    rows = [as_row(recording) for recording in written]
    names = dict.fromkeys(name for row in rows for name in row)
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(names), restval="")
        writer.writeheader()
        writer.writerows(rows)
    found = read_recordings(tmp_path)
    assert found.failures == []
    fields = ("path", "speaker", "language", "noise", "gender", "age", "extra")
    for one, other in zip(found.recordings, written, strict=True):
        assert [getattr(one, f) for f in fields] == [getattr(other, f) for f in fields]
