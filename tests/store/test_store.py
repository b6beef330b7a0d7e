import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from builders import TOY_IDENTITY as ENCODER
from builders import embedded

from spkret.errors import (
    EncoderMismatchError,
    StoreError,
    StoreNotFoundError,
    StoreVersionError,
)
from spkret.store.store import Store


def test_create_then_open(tmp_path: Path) -> None:
    made = Store.create(tmp_path / "new" / "store", ENCODER)
    made.recordings.commit([embedded("1.wav")])
    again = Store.create(made.path, replace(ENCODER, name="same weights, other name"))
    opened = Store.open(made.path)
    assert again.encoder == opened.encoder == ENCODER
    assert again.created == opened.created == made.created
    assert opened.recordings.scan(["id"]).num_rows == 1
    assert opened.reranker_path == made.path / "reranker"


def test_another_encoder_is_refused_by_both_names(store: Store) -> None:
    for other in (
        replace(ENCODER, name="big", fingerprint="f" * 64),
        replace(ENCODER, dimension=8),
    ):
        with pytest.raises(EncoderMismatchError, match=f"'toy'.*{other.name!r}"):
            Store.create(store.path, other)
        with pytest.raises(EncoderMismatchError, match="--model toy"):
            store.require(other)
    store.require(ENCODER)


def test_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(StoreNotFoundError, match="spkret index"):
            Store.open(path)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", StoreError),
        ("{", StoreError),
        ("\0\xff", StoreError),
        ("[]", StoreVersionError),
        ("{}", StoreVersionError),
        ('{"format": 2}', StoreVersionError),
        ('{"format": 1}', StoreError),
        ('{"format": 1, "encoder": null, "created": 1}', StoreError),
        ('{"format": 1, "encoder": {"name": "a"}, "created": "2026-01-01"}', StoreError),
    ],
)
def test_damaged_identity(store: Store, text: str, error: type[StoreError]) -> None:
    (store.path / "spkret.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(error, match=r"spkret\.json") as caught:
        Store.open(store.path)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, StoreNotFoundError)


def test_folder_with_other_things_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(StoreError, match=r"thesis\.tex"):
        Store.create(tmp_path, ENCODER)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(StoreError, match="got the file"):
        Store.create(tmp_path / "thesis.tex", ENCODER)


@pytest.mark.parametrize("name", ["x[1]", "a|b", "100%", "language=en", "b\\c"])
def test_folder_name_that_delta_cannot_take_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="--store"):
        Store.create(tmp_path / name, ENCODER)


@pytest.mark.parametrize("name", ["a b", "o'clock", "ümläut", "q?", "st*r", "#1", "run=3"])
def test_odd_folder_names_work(tmp_path: Path, name: str) -> None:
    store = Store.create(tmp_path / name, ENCODER)
    store.recordings.commit([embedded("1.wav"), embedded("2.wav")])
    store.recordings.commit([embedded("1.wav", language="de")])
    assert store.recordings.scan(["id"], where="true").num_rows == 2
    assert store.check(compact=True).ok


def test_creation_that_was_cut_off_is_completed(store: Store) -> None:
    (store.path / "spkret.json").unlink()
    assert Store.create(store.path, ENCODER).recordings.version() == 0


def test_processes_that_create_one_store_at_once(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store
store = Store.create(Path({str(tmp_path)!r}, "store"), EncoderIdentity("toy", "toy-1", 16))
print(store.recordings.version())
"""
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in "123"]
    assert [run.communicate(timeout=60)[0] for run in runs] == [b"0\n"] * 3


def test_identity_on_disk(store: Store) -> None:
    document = json.loads((store.path / "spkret.json").read_text())
    assert document["format"] == 1
    assert document["encoder"] == {
        "name": "toy",
        "fingerprint": "0123456789abcdef",
        "dimension": 16,
        "parts": [],
    }
    assert document["created"].endswith("+00:00")


def test_info_counts(store: Store) -> None:
    empty = store.info()
    assert (empty.rows, empty.hours, empty.index_fresh, empty.index_recall) == (0, 0, True, None)
    store.recordings.commit(
        [embedded(f"{n}.wav", speaker=[None, "anna", "ben"][n % 3]) for n in range(6)]
    )
    store.recordings.commit([embedded("x.wav", root="/b", language="de", noise="unknown")])
    info = store.info()
    assert (info.rows, info.speakers, info.unlabelled) == (7, 2, 2)
    assert (info.languages, info.noises) == ({"en": 6, "de": 1}, {"clean": 6, "unknown": 1})
    assert info.hours == pytest.approx(7 * 2.5 / 3600, abs=1e-4)
    assert info.roots == ["/audio", "/b"]
    assert not info.index_fresh
    store.vectors.refresh()
    info = store.info()
    assert (info.index_fresh, info.index_recall) == (True, 1.0)
    assert info.size_bytes > 10_000
    assert json.dumps({"languages": info.languages, "roots": info.roots})


def test_opening_imports_no_heavy_library() -> None:
    code = "import sys, spkret.store.store; print(sorted({m.split('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for heavy in ("deltalake", "duckdb", "faiss", "torch", "sklearn"):
        assert f"'{heavy}'" not in run.stdout


def test_the_parts_of_an_embedding_are_kept_and_bind_nobody(tmp_path: Path) -> None:
    jointed = replace(ENCODER, parts=(12, 4))
    store = Store.create(tmp_path / "store", jointed)
    assert Store.open(store.path).encoder.parts == (12, 4)
    store.require(ENCODER)
    assert jointed == ENCODER
    file = store.path / "spkret.json"
    document = json.loads(file.read_text())
    del document["encoder"]["parts"]
    file.write_text(json.dumps(document))
    older = Store.open(store.path)
    assert older.encoder.parts == ()
    older.require(jointed)
    with pytest.raises(ValueError, match=r"sum to 16, got \(12, 5\)"):
        replace(ENCODER, parts=(12, 5))
