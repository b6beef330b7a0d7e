from pathlib import Path

import pytest

from spkret.errors import ManifestError
from spkret.indexer.manifests.kaldi import read_kaldi
from spkret.indexer.manifests.rows import BadRow, Row
from spkret.indexer.reasons import Reason


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_a_data_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        wav__scp="u1 a b.wav\nu2\t/data/u2.flac\n\nu3 c.wav\n",
        utt2spk="u1 ann\nu2 bob\n",
        utt2lang="u1 zh-CN\n",
        spk2gender="ann f\n",
    )
    assert list(read_kaldi(tmp_path)) == [
        Row(
            "a b.wav",
            "wav.scp line 1",
            {"speaker": "ann", "language": "zh-CN", "gender": "f"},
            {"utterance": "u1"},
        ),
        Row("/data/u2.flac", "wav.scp line 2", {"speaker": "bob"}, {"utterance": "u2"}),
        Row("c.wav", "wav.scp line 4", {}, {"utterance": "u3"}),
    ]


def test_commands_are_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    write(tmp_path, wav__scp=f"u1 touch {mark} |\nu2 sox a.wav -t wav - | \n")
    rows = list(read_kaldi(tmp_path))
    assert [(row.path, row.reason) for row in rows if isinstance(row, BadRow)] == [
        ("u1", Reason.COMMAND),
        ("u2", Reason.COMMAND),
    ]
    assert not mark.exists()


def test_rows_that_name_no_file(tmp_path: Path) -> None:
    (tmp_path / "wav.scp").write_bytes(b"u1\nu2 raw.ark:123\nu3 \xff.wav\n")
    rows = list(read_kaldi(tmp_path))
    assert all(isinstance(row, BadRow) and row.reason is Reason.BAD_ROW for row in rows)
    assert [row.path for row in rows] == [f"wav.scp line {n}" for n in (1, 2, 3)]


def test_segments_are_refused(tmp_path: Path) -> None:
    write(tmp_path, wav__scp="u1 a.wav\n", segments="u1-1 u1 0 1\n")
    with pytest.raises(ManifestError, match="extract-segments"):
        list(read_kaldi(tmp_path))


def test_a_folder_without_wav_scp(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        list(read_kaldi(tmp_path))


def test_an_utterance_that_is_its_own_speaker_has_none(tmp_path: Path) -> None:
    write(tmp_path, wav__scp="u1 a.wav\nann-u2 b.wav\n", utt2spk="u1 u1\nann-u2 ann\n")
    assert [row.tags for row in read_kaldi(tmp_path) if isinstance(row, Row)] == [
        {},
        {"speaker": "ann"},
    ]


def test_further_files_of_tags(tmp_path: Path) -> None:
    write(
        tmp_path,
        wav__scp="u1 a.wav\nu2 b.wav\n",
        utt2spk="u1 s=201\nu2 s=201\n",
        spk2name="s=201 s 1\n",
        spk2gender="s=201 f\n",
        utt2gender="u2 m\n",
        utt2noise="u1 clean\n",
        utt2age="u1 thirty one\n",
    )
    assert [row.tags for row in read_kaldi(tmp_path) if isinstance(row, Row)] == [
        {"gender": "f", "noise": "clean", "age": "thirty one", "speaker": "s 1"},
        {"gender": "m", "speaker": "s 1"},
    ]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("flac -c -d -s /x/19-198-0000.flac |", "/x/19-198-0000.flac"),
        ("flac -cd 'a b.flac' |", "a b.flac"),
        ("flac -c -d -s a.flac | sox -t wav - -r 8000 -t wav - |", None),
        ("flac -c -d --skip=8000 a.flac |", None),
        ("flac -c -d 'a.flac |", None),
    ],
)
def test_files_that_flac_only_decodes_are_read(tmp_path: Path, line: str, path: str | None) -> None:
    write(tmp_path, wav__scp=f"u1 {line}\n")
    (row,) = read_kaldi(tmp_path)
    if path is None:
        assert isinstance(row, BadRow)
        assert row.reason == Reason.COMMAND
    else:
        assert isinstance(row, Row)
        assert row.path == path
