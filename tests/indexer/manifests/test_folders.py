import os
from pathlib import Path

import pytest

from spkret.indexer.manifests.folders import read_folders
from spkret.indexer.manifests.rows import BadRow, Row
from spkret.indexer.places import Folder
from spkret.indexer.reasons import Reason
from spkret.store.schema import TagSource


def touch(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def tags(root: Path) -> dict[str, dict[str, str]]:
    rows = [row for row in read_folders(Folder(root), root) if isinstance(row, Row)]
    assert all(row.source is TagSource.FOLDER for row in rows)
    return {row.path: {**row.tags, **row.extra} for row in rows}


def test_the_first_folder_is_the_speaker(tmp_path: Path) -> None:
    touch(tmp_path, "ann/day1/a.wav", "ann/b.FLAC", "bob/c.m4a", "d.mp3", "bob/notes.txt")
    assert tags(tmp_path) == {
        "ann/b.FLAC": {"speaker": "ann"},
        "ann/day1/a.wav": {"speaker": "ann"},
        "bob/c.m4a": {"speaker": "bob"},
        "d.mp3": {},
    }


def test_librispeech(tmp_path: Path) -> None:
    touch(tmp_path, "dev-clean/19/198/19-198-0000.flac", "dev-clean/26/495/26-495-0001.flac")
    (tmp_path / "SPEAKERS.TXT").write_text(";ID |SEX| SUBSET\n19 | F | dev-clean | 25 | Kara\n")
    expected = {
        "speaker": "19",
        "language": "en",
        "gender": "F",
        "chapter": "198",
    }
    assert tags(tmp_path)["dev-clean/19/198/19-198-0000.flac"] == expected
    assert tags(tmp_path / "dev-clean")["19/198/19-198-0000.flac"] == expected
    assert tags(tmp_path)["dev-clean/26/495/26-495-0001.flac"] == {
        "speaker": "26",
        "chapter": "495",
    }


def test_voxceleb(tmp_path: Path) -> None:
    touch(tmp_path, "wav/id10001/1zcIwhmdeo4/00001.wav", "id10002/x/00002.m4a")
    assert tags(tmp_path) == {
        "id10002/x/00002.m4a": {"speaker": "id10002", "session": "x"},
        "wav/id10001/1zcIwhmdeo4/00001.wav": {"speaker": "id10001", "session": "1zcIwhmdeo4"},
    }


def test_hidden_files_are_left_out_and_links_followed_once(tmp_path: Path) -> None:
    touch(tmp_path, "ann/a.wav", "ann/._a.wav", ".trash/b.wav")
    (tmp_path / "ann" / "loop").symlink_to(tmp_path)
    (tmp_path / "bob").symlink_to(tmp_path / "ann")
    assert len(tags(tmp_path)) == 1


def test_a_name_that_is_not_utf8_fails_alone(tmp_path: Path) -> None:
    touch(tmp_path, "ann/a.wav")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")).touch()
    bad = [row for row in read_folders(Folder(tmp_path), tmp_path) if isinstance(row, BadRow)]
    assert [(row.path, row.reason) for row in bad] == [("\\udcff.wav", Reason.BAD_NAME)]
    assert len(tags(tmp_path)) == 1


def test_a_folder_too_deep_to_be_listed_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "ann/a.wav")
    monkeypatch.chdir(tmp_path)
    for _ in range(60):
        os.mkdir("d" * 80)  # noqa: PTH102 - its whole path is too long
        os.chdir("d" * 80)
    bad = [row for row in read_folders(Folder(tmp_path), tmp_path) if isinstance(row, BadRow)]
    assert [row.reason for row in bad] == [Reason.UNREADABLE]
    assert bad[0].path.startswith("ddd")
    assert len(tags(tmp_path)) == 1
