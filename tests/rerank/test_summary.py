"""What is told of the reranker that serves a store."""

import json
from pathlib import Path

import pytest
from builders import labelled_table, matched_store

from spkret.errors import RerankerError
from spkret.indexer.encoders import registry
from spkret.rerank.loading import DEFAULT
from spkret.rerank.summary import summarise_for
from spkret.store.store import Store


def test_the_shipped_reranker_says_how_it_was_trained(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store", registry.load("compact", "cpu").identity)
    summary = summarise_for(store)
    told = json.loads((DEFAULT / "reranker.json").read_text())["training"]
    assert summary is not None
    assert (summary.source, summary.saved_at, summary.encoder) == ("shipped", None, "compact")
    assert (summary.trials, summary.trees) == (told["trials"], told["trees"])
    assert summary.systems == told["cross_validation"]["systems"]
    assert list(summary.importance) == list(told["importance"])


def test_there_may_be_none_or_a_damaged_one(tmp_path: Path) -> None:
    store = matched_store(tmp_path / "store", labelled_table(4, 3))
    assert summarise_for(store) is None
    store.reranker_path.mkdir()
    (store.reranker_path / "reranker.json").write_text("{}")
    with pytest.raises(RerankerError):
        summarise_for(store)
