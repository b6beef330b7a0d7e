import gzip
import io
import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import TrialError
from spkret.rerank.trials import Trial, read_group, read_trials, write_trials

names = st.text(string.ascii_letters + string.digits + " é/._-", min_size=1, max_size=12).filter(
    lambda name: name.strip() == name
)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    group = tuple(draw(st.lists(names, min_size=1, max_size=5, unique=True)))
    answered = draw(st.booleans())
    noises = st.sampled_from(["clean", "communication"])
    return Trial(
        id=draw(names),
        anchor=draw(names),
        group=group,
        match=draw(st.sampled_from([None, *group])) if answered else None,
        answered=answered,
        anchor_noise=draw(st.none() | noises),
        group_noise=tuple(draw(noises) for _ in group) if draw(st.booleans()) else (),
    )


@given(st.lists(trials(), min_size=1, max_size=4))
def test_trials_survive_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Trial]
) -> None:
    path = tmp_path_factory.mktemp("trials") / "trials.jsonl"
    write_trials(path, drawn)
    assert read_trials(path) == drawn


def written(tmp_path: Path, text: str, name: str = "trials.jsonl") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_contract_of_the_design_is_read(tmp_path: Path) -> None:
    line = {
        "id": "r1",
        "anchor": "a.wav",
        "anchor_noise": "communication",
        "group": ["b.wav", 7],
        "group_noise": ["clean", "clean"],
        "match": "b.wav",
    }
    (trial,) = read_trials(written(tmp_path, f"\n{json.dumps(line)}\n"))
    assert trial.group == ("b.wav", "7")
    assert trial.match == "b.wav"
    (unknown,) = read_trials(written(tmp_path, '{"anchor": "a", "group": ["b"]}'))
    assert (unknown.id, unknown.answered, unknown.match) == ("r1", False, None)
    (nobody,) = read_trials(written(tmp_path, '{"anchor": "a", "group": ["b"], "match": null}'))
    assert (nobody.answered, nobody.match) == (True, None)


def test_csv_is_read(tmp_path: Path) -> None:
    text = 'id,anchor,group,match\nx,a.wav,"b.wav; c, d.wav",b.wav\ny,a.wav,b.wav,\n'
    one, two = read_trials(written(tmp_path, text, "trials.csv"))
    assert one == Trial("x", "a.wav", ("b.wav", "c, d.wav"), "b.wav")
    assert (two.id, two.answered) == ("y", False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1: expected a JSON object"),
        ('{"anchor": "a", "group": ["b"]}\n\n[1]', "line 3: expected a JSON object"),
        ('{"anchor": "a"}', "line 1: expected an anchor and a group"),
        ('{"anchor": "a", "group": []}', "without blanks"),
        ('{"anchor": "a", "group": [""]}', "without blanks"),
        ('{"anchor": "a", "group": [1.5]}', "expected a path or id"),
        ('{"anchor": "a", "group": [true]}', "expected a path or id"),
        ('{"anchor": "a", "group": ["b"], "match": "c"}', "not in its group"),
        ('{"anchor": "a", "group": ["b"], "group_noise": ["x", "y"]}', "expected 1 entries"),
        ("", "expected trials"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TrialError, match=message):
        read_trials(written(tmp_path, text))


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrialError, match="cannot read"):
        read_trials(tmp_path / "nowhere.jsonl")
    with pytest.raises(TrialError, match="expected a column group"):
        read_trials(written(tmp_path, "id,anchor\nx,y\n", "trials.csv"))
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TrialError, match="not UTF-8"):
        read_trials(tmp_path / "binary.jsonl")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("x.jsonl", "x.csv"):
        (folder / name).write_text(text, encoding="utf-8", newline="")
        try:
            read_trials(folder / name)
        except TrialError as error:
            assert "\n" not in str(error).replace(text, "")  # noqa: PT017


def test_groups_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# candidates\n\na.wav\n  b c.wav \n17\n"
    assert read_group(written(tmp_path, text, "group.txt")) == ["a.wav", "b c.wav", "17"]
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert read_group("-") == ["a.wav", "b c.wav", "17"]
    with pytest.raises(TrialError, match="names no recording"):
        read_group(written(tmp_path, "# nothing\n", "group.txt"))


def test_an_array_of_trials_is_read_too(tmp_path: Path) -> None:
    lines = ['{"anchor": "a", "group": ["b", "c"], "match": "c"}', '{"anchor": "d", "group": [7]}']
    path = tmp_path / "trials.json"
    path.write_text("\n".join(lines), encoding="utf-8")
    expected = read_trials(path)
    path.write_text(f" [{', '.join(lines)}]\n", encoding="utf-8")
    assert read_trials(path) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"anchor": "a", "group": ["b"]}, 3]', "item 2: expected a JSON object, got 3"),
        ('[{"anchor": "a"}]', "item 1: expected an anchor and a group"),
        ('[{"anchor": "a"', "expected a JSON object"),
        ("[]", "expected trials"),
    ],
)
def test_items_that_are_no_trials_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "trials.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TrialError, match=message):
        read_trials(path)


@pytest.mark.parametrize("name", ["t.jsonl.gz", "t.json.gz", "t.csv.gz"])
def test_lists_may_be_gzipped(tmp_path: Path, name: str) -> None:
    text = '{"anchor": "a", "group": ["b", "c"], "match": "c"}\n'
    if ".csv" in name:
        text = "anchor,group,match\r\na,b;c,c\r\n"
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()))
    (trial,) = read_trials(path)
    assert (trial.anchor, trial.group, trial.match) == ("a", ("b", "c"), "c")


@pytest.mark.parametrize(
    "data", [b"", b"plain", gzip.compress(b"{}")[:-4]], ids=["empty", "plain", "cut"]
)
def test_a_broken_gzip_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(data)
    with pytest.raises(TrialError):
        read_trials(path)
