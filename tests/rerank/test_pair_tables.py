from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import TrialError
from spkret.rerank.enrolment_files import Spoken, read_enrolment
from spkret.rerank.trials import Pair, read_pairs

SRE_TRIALS = (
    "modelid\tsegmentid\tside\n1001_sre18\tsegment_a.sph\ta\n1002_sre18\tsegment_b.sph\ta\n"
)
SRE_KEY = (
    "modelid\tsegmentid\tside\ttargettype\tnum_enroll_segs\tphone_num_match\tgender\n"
    "1001_sre18\tsegment_a.sph\ta\ttarget\t1\tY\tfemale\n"
    "1002_sre18\tsegment_b.sph\ta\tnontarget\t3\tN\tmale\n"
)
SRE_ENROLMENT = (
    "modelid\tsegmentid\tside\n1001_sre18\tone.sph\ta\n1002_sre18\ttwo.sph\ta\n"
    "1003_sre18\tthree.sph\ta\n1003_sre18\tfour.sph\ta\n"
)


def written(folder: Path, text: str, name: str = "pairs.tsv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_nist_trials_and_keys(tmp_path: Path) -> None:
    first, second = ("1001_sre18", "segment_a.sph"), ("1002_sre18", "segment_b.sph")
    assert read_pairs(written(tmp_path, SRE_TRIALS)) == [Pair(None, *first), Pair(None, *second)]
    assert read_pairs(written(tmp_path, SRE_KEY)) == [Pair(True, *first), Pair(False, *second)]


def test_models_are_replaced_by_their_one_recording(tmp_path: Path) -> None:
    enrolment = read_enrolment(written(tmp_path, SRE_ENROLMENT, "enrolment.tsv"))
    assert enrolment[0] == Spoken("one.sph", "1001_sre18")
    pairs = read_pairs(written(tmp_path, SRE_KEY), enrolment)
    assert pairs == [
        Pair(True, "one.sph", "segment_a.sph", "1001_sre18"),
        Pair(False, "two.sph", "segment_b.sph", "1002_sre18"),
    ]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("1003_sre18", "line 2: expected models of one recording each, '1003_sre18' has 2"),
        ("1004_sre18", "line 2: expected an enrolled model, got '1004_sre18'"),
    ],
)
def test_models_without_one_recording_are_refused(tmp_path: Path, model: str, message: str) -> None:
    enrolment = read_enrolment(written(tmp_path, SRE_ENROLMENT, "enrolment.tsv"))
    pairs = written(tmp_path, f"modelid\tsegmentid\tside\n{model}\tx.sph\ta\n")
    with pytest.raises(TrialError, match=message):
        read_pairs(pairs, enrolment)


@pytest.mark.parametrize(
    "text",
    [
        'enrolment,test,target\n"one, a.wav",b.wav,1\nc.wav,d.wav,0\ne.wav,f.wav,\n',
        'label,Enrollment,Test\ntarget,"one, a.wav",b.wav\nnontarget,c.wav,d.wav\n,e.wav,f.wav\n',
        "a\tb\tcosine\tsame_speaker\r\none, a.wav\tb.wav\t.5\tTrue\r\nc.wav\td.wav\t0\tFalse\r\n"
        "e.wav\tf.wav\t0\t\r\n",
    ],
)
def test_tables_with_a_header(tmp_path: Path, text: str) -> None:
    assert read_pairs(written(tmp_path, text, "pairs.csv")) == [
        Pair(True, "one, a.wav", "b.wav"),
        Pair(False, "c.wav", "d.wav"),
        Pair(None, "e.wav", "f.wav"),
    ]


def test_two_recordings_may_be_called_a_and_b(tmp_path: Path) -> None:
    assert read_pairs(written(tmp_path, "a\tb\nc\td\n")) == [
        Pair(None, "a", "b"),
        Pair(None, "c", "d"),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("m\tx.sph\tb\ttarget", "line 2: expected side a, got 'b'"),
        ("m\tx.sph\ta\tTargets", "line 2: expected an answer of 1, true"),
        ("m\t\ta\ttarget", "line 2: expected two recordings"),
        ("m", "line 2: expected two recordings"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(TrialError, match=message):
        read_pairs(written(tmp_path, f"modelid\tsegmentid\tside\ttargettype\n{row}\n"))


@given(
    st.sampled_from(["enrolment,test,target\n", "modelid\tsegmentid\tside\n"]),
    st.binary(max_size=60),
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, header: str, data: bytes) -> None:
    path = tmp_path / "pairs"
    path.write_bytes(header.encode() + data)
    try:
        assert all(pair.left and pair.right for pair in read_pairs(path))
    except TrialError as error:
        assert str(path) in str(error)  # noqa: PT017
