"""The Python API of the README, on the example corpus with a small fast encoder."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from builders import SpectralEncoder

import spkret
from spkret.api import loading
from spkret.commands.demo import CORPUS
from spkret.errors import EncoderError, EncoderMismatchError, StoreNotFoundError, UsageError
from spkret.indexer import pipeline
from spkret.indexer.encoders.base import Encoder
from spkret.indexer.extraction import Extraction
from spkret.store.schema import EncoderIdentity


class OtherEncoder(SpectralEncoder):
    """An encoder with another fingerprint."""

    identity = EncoderIdentity("other", "other-1", 48)


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "encoder", lambda *_, **__: SpectralEncoder())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    manifest = tmp_path / "few.csv"
    lines = (CORPUS / "manifest.csv").read_text().splitlines()
    manifest.write_text("\n".join(lines[:1] + [line for line in lines if line.startswith("en/0")]))
    spkret.index(CORPUS, tmp_path / "store", manifest=manifest)
    return tmp_path / "store"


def test_open_makes_an_empty_store_and_index_fills_it(tmp_path: Path) -> None:
    store = spkret.open(tmp_path / "new")
    assert store.recordings.scan().num_rows == 0
    summary = spkret.index(CORPUS / "sw", store, model="compact")
    assert summary.indexed == store.recordings.scan().num_rows == 48


def test_an_empty_store_knows_nobody(tmp_path: Path) -> None:
    store, anchor = spkret.open(tmp_path / "new"), CORPUS / "en" / "001.opus"
    with pytest.raises(UsageError, match="the store has none"):
        spkret.query(store, anchor)
    with pytest.raises(UsageError, match="expected speakers that other recordings enrol, got none"):
        spkret.identify(store, anchor)


def test_open_refuses_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a store")
    with pytest.raises(StoreNotFoundError):
        spkret.open(tmp_path)


def test_query_verify_identify_and_sql(store: Path) -> None:
    match = spkret.query(store, "en/001.opus", group=["en/002.opus", "en/003.opus"], log=False)
    assert match.path in {"en/002.opus", "en/003.opus"}
    assert [candidate.rank for candidate in match.candidates] == [1, 2]
    ids = spkret.sql(store, "select id from recordings order by path limit 2").fetchall()
    verification = spkret.verify(store, ids[0][0], ids[1][0], log=False)
    assert -1 <= verification.cosine <= 1
    assert spkret.identify(store, "en/001.opus").to_dict()["speakers"]


def test_embed_gives_unit_vectors_without_a_store() -> None:
    table = spkret.embed([CORPUS / "en" / "001.opus", CORPUS / "fr" / "001.opus"])
    assert table["path"].to_pylist() == ["001.opus", "001.opus"]
    assert sum(x * x for x in table["embedding"][0].as_py()) == pytest.approx(1, abs=1e-5)


def test_embed_takes_urls() -> None:
    file = (CORPUS / "en" / "001.opus").resolve()
    there, here = spkret.embed([f"local://{file}"]), spkret.embed([file])
    assert there["root"].to_pylist() == [f"local://{file.parent}"]
    assert there["embedding"].equals(here["embedding"])


def test_files_of_a_store_are_embedded_by_its_own_encoder_only(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "encoder", lambda *_, **__: OtherEncoder())
    with pytest.raises(EncoderMismatchError, match="spectral"):
        spkret.query(store, CORPUS / "fr" / "001.opus", group=["en/002.opus", "en/003.opus"])


def test_an_encoder_without_a_name_must_be_given(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with pytest.raises(EncoderError, match="--model"):
        spkret.query(store, CORPUS / "fr" / "001.opus", group=["en/002.opus", "en/003.opus"])


def test_a_store_keeps_its_options_and_queries_follow_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "cropped"
    spkret.index(CORPUS / "en", store, crops=2)
    assert spkret.open(store).encoder.name == "spectral+crops2"
    again = spkret.index(CORPUS / "en", store)
    assert (again.unchanged, again.indexed) == (48, 0)
    assert spkret.index(CORPUS / "en", store, crops=2).unchanged == 48
    with pytest.raises(EncoderMismatchError, match="crops3"):
        spkret.index(CORPUS / "en", store, crops=3)

    seen: list[Extraction] = []
    embed_files = pipeline.embed_files

    def watched(paths: Sequence[Path], encoder: Encoder, options: Extraction) -> pa.Table:
        seen.append(options)
        return embed_files(paths, encoder, options)

    monkeypatch.setattr(pipeline, "embed_files", watched)
    match = spkret.query(store, CORPUS / "fr" / "001.opus", group=["001.opus", "002.opus"])
    spkret.verify(store, CORPUS / "fr" / "001.opus", "001.opus", model="spectral")
    assert seen == [Extraction(crops=2)] * 2
    assert match.reranker is None
    with pytest.raises(EncoderMismatchError):
        spkret.query(store, "001.opus", group=["002.opus"], model="spectral+vad")


def test_options_can_be_part_of_the_models_name(tmp_path: Path) -> None:
    store = spkret.open(tmp_path / "new", "compact+crops2")
    assert store.encoder.name == "spectral+crops2"
    spkret.index(CORPUS / "sw", store, model="compact+crops2")
    whole = spkret.embed([CORPUS / "sw" / "001.opus"], model="compact+crops2")
    rows = spkret.sql(store, "select embedding from recordings where path = '001.opus'").fetchall()
    assert whole["embedding"][0].as_py() == pytest.approx(rows[0][0], abs=1e-5)
