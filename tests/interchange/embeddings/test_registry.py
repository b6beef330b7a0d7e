"""Every format gives back what it was given, and refuses what cannot be used."""

import string
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from thoroughness import few

from spkret.errors import InterchangeError, UsageError
from spkret.interchange.embeddings.registry import (
    FORMATS,
    format_of,
    read_embeddings,
    write_embeddings,
)

Vectors = npt.NDArray[np.float32]

SUFFIXES = [suffix for form in FORMATS for suffix in form.suffixes]
KALDI = {".ark", ".scp"}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
PATHS = st.text(string.ascii_letters + " /._-äß中", min_size=1, max_size=300)
TOKENS = st.text(
    st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=200
)


@st.composite
def named(draw: st.DrawFn, keys: st.SearchStrategy[str]) -> tuple[list[str], Vectors]:
    names = draw(st.lists(keys, min_size=1, max_size=50, unique=True))
    dimension = draw(st.integers(1, 300))
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    vectors = draw(arrays.arrays(np.float32, (len(names), dimension), elements=finite))
    return names, vectors


def assert_round_trip(suffix: str, keys: list[str], vectors: Vectors) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"embeddings{suffix}")
        files = write_embeddings(path, keys, vectors)
        assert all(file.is_file() for file in files)
        assert sorted(Path(folder).iterdir()) == sorted(files)
        found = read_embeddings(path)
    assert found.keys == keys
    assert found.vectors.dtype == np.float32
    np.testing.assert_array_equal(found.vectors, vectors)


@pytest.mark.parametrize("suffix", SUFFIXES)
@few(25)
@given(data=st.data())
def test_what_is_written_is_read(suffix: str, data: st.DataObject) -> None:
    if suffix in KALDI:
        keys = TOKENS
    elif suffix == ".npy":
        keys = PATHS
    else:
        keys = TEXT | PATHS
    assert_round_trip(suffix, *data.draw(named(keys)))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_is_named(form: object, tmp_path: Path) -> None:
    name = form.name  # type: ignore[attr-defined]
    path = tmp_path / "no-ending"
    write_embeddings(path, ["a", "b"], np.eye(2, 3, dtype=np.float32), name)
    assert read_embeddings(path, name).keys == ["a", "b"]


def test_endings_are_read_in_any_case() -> None:
    assert format_of(Path("X.NPZ")).name == "npz"


@pytest.mark.parametrize(("path", "name"), [("x.bin", None), ("x.npz", "zarr")])
def test_a_format_that_is_not_known_is_refused(path: str, name: str | None) -> None:
    with pytest.raises(UsageError, match="expected a f"):
        format_of(Path(path), name)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("keys", "vectors", "message"),
    [
        ([], np.empty((0, 3)), "got none"),
        (["a", "a"], np.eye(2), "'a' 2 times"),
        (["a", ""], np.eye(2), "an empty one"),
        (["a", "b"], np.array([[1.0], [np.nan]]), "the first 'b'"),
        (["a"], np.array([[np.inf]]), "NaN or infinity in 1"),
        (["a"], np.eye(2), "one embedding a key"),
        (["a\0"], np.ones((1, 2)), "without NUL"),
        (["a\udc80"], np.ones((1, 2)), "UTF-8"),
    ],
)
def test_what_cannot_be_used_is_not_written(
    suffix: str, keys: list[str], vectors: Vectors, message: str, tmp_path: Path
) -> None:
    path = tmp_path / f"x{suffix}"
    with pytest.raises(InterchangeError, match=message):
        write_embeddings(path, keys, vectors)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".ark", ".scp"])
@pytest.mark.parametrize("key", ["a b", "a\n", "\u2003a", "a\tb"])
def test_kaldi_takes_no_blanks(suffix: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match="--key id"):
        write_embeddings(tmp_path / f"x{suffix}", [key], np.ones((1, 2), np.float32))


def test_a_list_of_keys_takes_no_line_breaks(tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match="--key id"):
        write_embeddings(tmp_path / "x.npy", ["a\nb"], np.ones((1, 2), np.float32))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_cut_off_is_told(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    vectors = np.random.default_rng(0).normal(size=(1, 9)).astype(np.float32)
    files = write_embeddings(path, ["key"], vectors)
    for kept in (0, 1, 5, 20, 30):
        for file in files[:1] if suffix == ".npy" else files:
            content = file.read_bytes()
            file.write_bytes(content[: min(kept, len(content) - 1)])
            with pytest.raises(InterchangeError) as told:
                read_embeddings(path)
            assert "\n" not in str(told.value)
            file.write_bytes(content)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(content=st.binary(max_size=300))
def test_garbage_is_told(suffix: str, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"x{suffix}")
        path.write_bytes(content)
        if suffix in (".csv", ".tsv"):
            _read_or_refuse(path)
        else:
            with pytest.raises(InterchangeError):
                read_embeddings(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
def test_a_damaged_file_is_read_or_told(suffix: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"x{suffix}")
        write_embeddings(path, ["one", "two"], np.eye(2, 7, dtype=np.float32))
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        _read_or_refuse(path)


def _read_or_refuse(path: Path) -> None:
    try:
        found = read_embeddings(path)
    except InterchangeError:
        return
    assert len(found.keys) == len(found.vectors)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_file_is_told(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match="which is none"):
        read_embeddings(tmp_path / f"x{suffix}")
