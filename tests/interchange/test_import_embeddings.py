"""Embeddings made elsewhere become rows that everything else takes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders import ToyEncoder, labelled_table, matched_store, voice, write_audio
from pyarrow import csv

import spkret
from spkret.api import loading
from spkret.errors import (
    EncoderMismatchError,
    InterchangeError,
    ManifestError,
    SpkretError,
    UsageError,
)
from spkret.interchange.embeddings.registry import FORMATS, read_embeddings, write_embeddings
from spkret.store.store import Store

Vectors = npt.NDArray[np.float32]

KEYS = [f"{speaker}/{take}.wav" for speaker in ("anna", "bert", "carl") for take in range(4)]


@pytest.fixture
def vectors() -> Vectors:
    return np.random.default_rng(0).normal(size=(len(KEYS), 8)).astype(np.float32)


@pytest.fixture
def file(tmp_path: Path, vectors: Vectors) -> Path:
    return write_embeddings(tmp_path / "x.npz", KEYS, vectors)[0]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = [f"{key},{key.split('/')[0]},en,clean\n" for key in KEYS]
    path = tmp_path / "tags.csv"
    path.write_text("path,speaker,language,noise\n" + "".join(rows))
    return path


def rows_of(store: Path) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in Store.open(store).recordings.scan().to_pylist()}


def test_vectors_become_unit_vectors_and_keep_their_length(
    tmp_path: Path, file: Path, manifest: Path, vectors: Vectors
) -> None:
    summary = spkret.import_embeddings(tmp_path / "store", file, "outside", manifest)
    assert (summary.imported, summary.keys, summary.replaced, summary.dimension) == (12, 12, 0, 8)
    assert summary.found["speaker"] == 12
    rows = rows_of(tmp_path / "store")
    for key, vector in zip(KEYS, vectors, strict=True):
        norm = np.linalg.norm(vector)
        np.testing.assert_allclose(rows[key]["embedding"], vector / norm, atol=1e-7)
        assert rows[key]["embedding_norm"] == pytest.approx(norm)
        assert rows[key]["speaker"] == key.split("/")[0]
        assert rows[key]["duration_s"] is rows[key]["sample_rate_hz"] is None


def test_an_import_may_be_repeated(tmp_path: Path, file: Path, manifest: Path) -> None:
    store = tmp_path / "store"
    spkret.import_embeddings(store, file, "outside", manifest)
    before = rows_of(store)
    version = Store.open(store).recordings.version()
    again = spkret.import_embeddings(store, file, "outside", manifest)
    assert (again.imported, again.replaced) == (12, 12)
    assert Store.open(store).recordings.version() == version + 1
    after = rows_of(store)
    for row in (*before.values(), *after.values()):
        row.pop("indexed_at")
    assert json.dumps(after, default=str) == json.dumps(before, default=str)


def test_a_store_is_bound_to_name_and_dimension(tmp_path: Path, file: Path) -> None:
    store = tmp_path / "store"
    spkret.import_embeddings(store, file, "outside")
    with pytest.raises(EncoderMismatchError, match=r"'outside' .* 'other' .*; use a new --store"):
        spkret.import_embeddings(store, file, "other")
    narrow = write_embeddings(tmp_path / "y.npz", ["a"], np.ones((1, 3), np.float32))[0]
    with pytest.raises(EncoderMismatchError, match=r"\(8, .*\(3, "):
        spkret.import_embeddings(store, narrow, "outside")
    assert Store.open(store).encoder.is_imported


def test_zeros_are_failures(tmp_path: Path) -> None:
    matrix = np.array([[0, 0], [3, 4]], np.float32)
    file = write_embeddings(tmp_path / "x.npz", ["zero", "good"], matrix)[0]
    summary = spkret.import_embeddings(tmp_path / "store", file, "outside")
    assert (summary.imported, summary.failed) == (1, {"no_embedding": 1})
    failures = Store.open(tmp_path / "store").failures.delta.read().to_pylist()
    assert [(row["path"], row["detail"]) for row in failures] == [("zero", "a vector of zeros")]


def test_what_finds_no_partner_is_counted(tmp_path: Path, file: Path) -> None:
    manifest = tmp_path / "some.csv"
    manifest.write_text("path,speaker\nanna/0.wav,anna\nother.wav,bert\n")
    summary = spkret.import_embeddings(tmp_path / "store", file, "outside", manifest)
    assert (summary.imported, summary.without_row, summary.without_key) == (1, 11, 1)
    assert summary.examples == ["anna/1.wav", "other.wav"]


def test_no_partner_at_all_is_an_error_and_makes_no_store(tmp_path: Path, file: Path) -> None:
    manifest = tmp_path / "other.csv"
    manifest.write_text("path,speaker\nother.wav,bert\n")
    with pytest.raises(InterchangeError, match=r"'other\.wav'; got keys such as 'anna/0\.wav'"):
        spkret.import_embeddings(tmp_path / "store", file, "outside", manifest)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"encoder": " "}, UsageError),
        ({"acoustics": True}, UsageError),
        ({"audio_dir": "nowhere"}, ManifestError),
        ({"manifest": "nowhere.csv"}, ManifestError),
        ({"format": "hdf5"}, InterchangeError),
    ],
)
def test_what_cannot_be_imported_is_told(
    options: dict[str, Any], error: type[SpkretError], tmp_path: Path, file: Path
) -> None:
    with pytest.raises(error):
        spkret.import_embeddings(tmp_path / "store", file, **{"encoder": "outside", **options})
    assert not (tmp_path / "store").exists()


def test_equal_vectors_are_duplicates(tmp_path: Path) -> None:
    file = write_embeddings(tmp_path / "x.csv", ["a", "b"], np.ones((2, 3), np.float32))[0]
    assert spkret.import_embeddings(tmp_path / "store", file, "outside").duplicates == 1


def test_audio_is_measured_where_it_can_be(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    write_audio(audio / "a.wav", voice(2.0, seed=1))
    (audio / "b.wav").write_text("no audio")
    file = write_embeddings(tmp_path / "x.npz", ["a.wav", "b.wav"], np.eye(2, 4, dtype=np.float32))[
        0
    ]
    done: list[tuple[int, int]] = []
    summary = spkret.import_embeddings(
        tmp_path / "store",
        file,
        "outside",
        audio_dir=audio,
        acoustics=True,
        progress=lambda rows, total: done.append((rows, total)),
    )
    assert (summary.imported, summary.failed) == (2, {"not_audio": 1})
    assert done == [(1, 2), (2, 2)]
    rows = rows_of(tmp_path / "store")
    assert rows["a.wav"]["duration_s"] == 2.0
    assert rows["a.wav"]["root"] == str(audio)
    assert rows["b.wav"]["duration_s"] is None


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_store_survives_export_and_import(form: object, tmp_path: Path) -> None:
    table = labelled_table(6, 3)
    store = matched_store(tmp_path / "one", table)
    out = tmp_path / f"x{form.suffixes[0]}"  # type: ignore[attr-defined]
    spkret.export(store, out)
    spkret.import_embeddings(tmp_path / "two", out, "fake")
    first, second = rows_of(tmp_path / "one"), rows_of(tmp_path / "two")
    assert list(first.keys() ^ second.keys()) == []
    for path, row in first.items():
        assert second[path]["embedding"] == row["embedding"]


@pytest.fixture
def labelled(tmp_path: Path) -> Store:
    """A store of embeddings made elsewhere, with the labels of a manifest."""
    one = matched_store(tmp_path / "one", labelled_table(24, 4))
    spkret.export(one, tmp_path / "x.h5")
    rows = spkret.sql(one, "select path, speaker, language, noise, gender from recordings")
    csv.write_csv(rows.to_arrow_table(), tmp_path / "tags.csv")
    spkret.import_embeddings(tmp_path / "two", tmp_path / "x.h5", "outside", tmp_path / "tags.csv")
    return Store.open(tmp_path / "two")


def test_everything_runs_on_imported_embeddings(labelled: Store, tmp_path: Path) -> None:
    match = spkret.query(labelled, "s0/0.wav", ["s0/1.wav", "s4/0.wav", "s8/0.wav"])
    assert match.path == "s0/1.wav"
    first, second = (
        spkret.verify(store, "s0/0.wav", "s0/1.wav") for store in (tmp_path / "one", labelled)
    )
    assert first.cosine == second.cosine
    assert first.asnorm == pytest.approx(second.asnorm)
    assert spkret.identify(labelled, "s0/0.wav").speakers[0].speaker == "s000"
    trials = spkret.make_trials(labelled, records=60, group_size=4, seed=1)
    spkret.train_reranker(labelled, trials)
    evaluation = spkret.evaluate(labelled, trials)
    assert evaluation.systems["reranker"].top1 > 0.7
    assert spkret.query(labelled, "s0/0.wav", ["s0/1.wav", "s4/0.wav"], explain=True).path
    assert labelled.check().ok
    assert labelled.info().hours == 0
    assert {summary.unsaid for summary in spkret.tag(labelled, again=True)} == {0}
    assert spkret.audit(labelled).recordings == 96
    assert labelled.forget(path="s0/0.wav") == 1


def test_audio_cannot_join_imported_embeddings(
    labelled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "encoder", lambda *_, **__: ToyEncoder())
    new = write_audio(tmp_path / "audio/new.wav", voice())
    message = "imported as 'outside', which spkret cannot run on audio; import those"
    with pytest.raises(EncoderMismatchError, match=message):
        spkret.query(labelled, new, ["s0/1.wav"])
    with pytest.raises(EncoderMismatchError, match=message):
        spkret.query(labelled, new, ["s0/1.wav"], model="compact")
    with pytest.raises(EncoderMismatchError, match=message):
        spkret.index(tmp_path / "audio", labelled.path)


def test_absolute_keys_are_found_by_their_path(tmp_path: Path) -> None:
    file = write_embeddings(
        tmp_path / "x.npz", ["/far/a.wav", "/far/b.wav"], np.eye(2, 4, dtype=np.float32)
    )[0]
    spkret.import_embeddings(tmp_path / "store", file, "outside")
    assert spkret.verify(tmp_path / "store", "/far/a.wav", "/far/b.wav").cosine == pytest.approx(0)


def test_the_file_itself_is_not_changed(tmp_path: Path, file: Path, vectors: Vectors) -> None:
    spkret.import_embeddings(tmp_path / "store", file, "outside")
    np.testing.assert_array_equal(read_embeddings(file).vectors, vectors)
