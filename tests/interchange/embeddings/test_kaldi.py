"""Kaldi's archives, against plain kaldiio."""

import os
import pickle
from pathlib import Path

import kaldiio
import numpy as np
import pytest

from spkret.errors import InterchangeError
from spkret.interchange.embeddings.registry import read_embeddings, write_embeddings

VECTORS = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
KEYS = ["anna-en/1.wav", "ärger", "c"]
BY_KEY = dict(zip(KEYS, VECTORS, strict=True))


def assert_same(found: dict[str, np.ndarray]) -> None:
    assert list(found) == KEYS
    for key, vector in BY_KEY.items():
        np.testing.assert_array_equal(found[key], vector)


def test_kaldiio_reads_an_archive(tmp_path: Path) -> None:
    files = write_embeddings(tmp_path / "x.ark", KEYS, VECTORS)
    assert_same(dict(kaldiio.load_ark(str(files[0]))))


def test_kaldiio_reads_a_list_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = write_embeddings(Path("sub/x.scp"), KEYS, VECTORS)
    assert [str(file) for file in files] == ["sub/x.scp", "sub/x.ark"]
    monkeypatch.chdir("/")
    assert_same(dict(kaldiio.load_scp(str(tmp_path / "sub/x.scp"))))


@pytest.mark.parametrize("kind", ["ark", "ark,t"])
def test_what_kaldiio_writes_is_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with kaldiio.WriteHelper(f"{kind},scp:x.ark,x.scp") as writer:
        for key, vector in BY_KEY.items():
            writer(key, vector)
    monkeypatch.chdir("/")  # the list names x.ark, which lies beside it
    for name in ("x.ark", "x.scp"):
        found = read_embeddings(tmp_path / name)
        assert found.keys == KEYS
        np.testing.assert_allclose(found.vectors, VECTORS, rtol=1e-6)


def test_doubles_become_floats(tmp_path: Path) -> None:
    kaldiio.save_ark(str(tmp_path / "x.ark"), {"a": np.array([1.5, 2.5])})
    assert read_embeddings(tmp_path / "x.ark").vectors.dtype == np.float32


def test_lists_may_point_to_several_archives(tmp_path: Path) -> None:
    for key, vector in (("a", VECTORS[0]), ("b", VECTORS[1])):
        kaldiio.save_ark(str(tmp_path / f"{key}.ark"), {key: vector})
    (tmp_path / "x.scp").write_text(f"b {tmp_path}/b.ark:2\na a.ark:2\n")
    found = read_embeddings(tmp_path / "x.scp")
    assert found.keys == ["b", "a"]
    np.testing.assert_array_equal(found.vectors, VECTORS[[1, 0]])


@pytest.mark.parametrize("where", ["touch {0} |", "| touch {0}", "touch {0}; cat x.ark | ", "-"])
def test_commands_are_not_run(where: str, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (tmp_path / "x.scp").write_text(f"key {where.format(touched)}\n")
    with pytest.raises(InterchangeError, match=r"not run|plain file"):
        read_embeddings(tmp_path / "x.scp")
    assert not touched.exists()


@pytest.mark.parametrize("where", ["/dev/zero", "pipe", "/", "nowhere.ark:3", "\0", "a" * 5000])
def test_lists_point_to_plain_files(where: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "x.scp").write_text(f"key {where}\n")
    with pytest.raises(InterchangeError, match="plain file in line 1"):
        read_embeddings(tmp_path / "x.scp")


class Touching:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_pickles_are_not_loaded(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (tmp_path / "x.ark").write_bytes(b"key PKL" + pickle.dumps(Touching(touched)))
    (tmp_path / "x.scp").write_text(f"key {tmp_path}/x.ark:4\n")
    for name in ("x.ark", "x.scp"):
        with pytest.raises(InterchangeError, match="no vector of floats"):
            read_embeddings(tmp_path / name)
    assert not touched.exists()


def test_matrices_are_refused(tmp_path: Path) -> None:
    kaldiio.save_ark(str(tmp_path / "x.ark"), {"a": VECTORS})
    with pytest.raises(InterchangeError, match=r"shape \(3, 5\)"):
        read_embeddings(tmp_path / "x.ark")


def test_unequal_dimensions_are_refused(tmp_path: Path) -> None:
    kaldiio.save_ark(str(tmp_path / "x.ark"), {"a": VECTORS[0], "b": VECTORS[1, :4]})
    with pytest.raises(InterchangeError, match=r"shape \(4,\) for 'b' and \(5,\) for 'a'"):
        read_embeddings(tmp_path / "x.ark")


def test_one_vector_cut_off_is_told(tmp_path: Path) -> None:
    files = write_embeddings(tmp_path / "x.ark", ["a"], VECTORS[:1])
    files[0].write_bytes(files[0].read_bytes()[:-8])
    with pytest.raises(InterchangeError, match="cut off"):
        read_embeddings(files[0])
