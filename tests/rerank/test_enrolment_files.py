from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import TrialError
from spkret.rerank.enrolment_files import Spoken, read_anchors, read_enrolment


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "list"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "speaker,path\nanna,a.wav\nbob,b.wav\nanna,c.wav\n",
        "path\tPart\tSpeaker\r\na.wav\t1\tanna\r\n\r\nb.wav\t1\tbob\r\nc.wav\t2\tanna\r\n",
        "modelid\tsegmentid\tside\nanna\ta.wav\ta\nbob\tb.wav\tA\nanna\tc.wav\t\n",
        '\ufeffspeaker,path\nanna, a.wav\nbob,"b.wav"\nanna,c.wav',
    ],
)
def test_enrolments_are_read(tmp_path: Path, text: str) -> None:
    assert read_enrolment(written(tmp_path, text)) == [
        Spoken("a.wav", "anna"),
        Spoken("b.wav", "bob"),
        Spoken("c.wav", "anna"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "speaker is missing"),
        ("speaker,file\na,b\n", "path is missing"),
        ("speaker,path\n", "names no recording"),
        ("speaker,path\nanna\n", "line 2: expected a path"),
        ("speaker,path\n,a.wav\n", "line 2: expected a speaker"),
        ('speaker,path\n"anna', "line 2"),
        ("modelid\tsegmentid\tside\nanna\ta.wav\tb\n", "line 2: expected side a, got 'b'"),
    ],
)
def test_bad_enrolments_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TrialError, match=message):
        read_enrolment(written(tmp_path, text))


def test_quotes_are_signs_like_others_between_tabs(tmp_path: Path) -> None:
    path = written(tmp_path, 'speaker\tpath\nO"Neil\ta.wav\nbob\t"x.wav\n')
    assert read_enrolment(path) == [Spoken("a.wav", 'O"Neil'), Spoken('"x.wav', "bob")]


def test_anchors_are_a_plain_list_or_a_table(tmp_path: Path) -> None:
    assert read_anchors(written(tmp_path, "# mine\na b.wav\n7\n")) == [
        Spoken("a b.wav"),
        Spoken("7"),
    ]
    table = "path,speaker\na.wav,anna\nb.wav,\nc.wav\n"
    assert read_anchors(written(tmp_path, table)) == [
        Spoken("a.wav", "anna"),
        Spoken("b.wav"),
        Spoken("c.wav"),
    ]
    for empty in ("", "path\n", "# nothing\n"):
        with pytest.raises(TrialError, match="names no recording"):
            read_anchors(written(tmp_path, empty))


@given(st.text(max_size=60), st.sampled_from(["", "speaker,path\n", "path\tspeaker\n"]))
def test_any_text_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, header: str
) -> None:
    path = written(tmp_path_factory.mktemp("fuzz"), header + text)
    for read in (read_enrolment, read_anchors):
        try:
            assert all(entry.reference for entry in read(path))
        except TrialError as error:
            assert str(error)  # noqa: PT017
