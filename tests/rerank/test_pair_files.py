from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import TrialError
from spkret.rerank.trials import Pair, read_pairs


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pairs.txt"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("1 a.wav b.wav", Pair(True, "a.wav", "b.wav")),
        ("0  a.wav   b.wav ", Pair(False, "a.wav", "b.wav")),
        ("a b target", Pair(True, "a", "b")),
        ("1 2 nontarget", Pair(False, "1", "2")),
        ("1\tone file.wav\tanother file.wav", Pair(True, "one file.wav", "another file.wav")),
        ("a.wav b.wav", Pair(None, "a.wav", "b.wav")),
    ],
)
def test_every_form_is_read(tmp_path: Path, line: str, pair: Pair) -> None:
    assert read_pairs(written(tmp_path, f"\n{line}\n")) == [pair]


@pytest.mark.parametrize("line", ["2 a b", "a", "1 a b c", "a b Target", "1\t\tb"])
def test_other_lines_are_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(TrialError, match=r"line 2: expected `1 a\.wav b\.wav`"):
        read_pairs(written(tmp_path, f"1 a b\n{line}\n"))


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrialError, match="expected pairs"):
        read_pairs(written(tmp_path, "\n"))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = written(tmp_path_factory.mktemp("fuzz"), text)
    try:
        assert all(pair.left and pair.right for pair in read_pairs(path))
    except TrialError as error:
        assert str(path) in str(error)  # noqa: PT017
