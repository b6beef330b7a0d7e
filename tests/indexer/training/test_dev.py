"""Dev figures against values computed by hand."""

import numpy as np
import pytest

from spkret.indexer.training.dev import score
from spkret.indexer.training.features import Utterance


def utterances(cells: int, speakers: int, takes: int) -> list[Utterance]:
    return [
        Utterance(f"{c}-{s}-{t}", f"{c}-{s}", f"cell {c}")
        for c in range(cells)
        for s in range(speakers)
        for t in range(takes)
    ]


def test_perfect_embeddings_score_perfectly_in_every_cell() -> None:
    files = utterances(2, 6, 3)
    names = sorted({u.speaker for u in files})
    embeddings = np.eye(len(names), dtype=np.float32)[[names.index(u.speaker) for u in files]]
    result = score(embeddings, files)
    assert (result.eer, result.top1, result.cells) == (0.0, 1.0, 2)


def test_random_embeddings_score_by_chance() -> None:
    files = utterances(1, 20, 2)
    embeddings = np.random.default_rng(0).standard_normal((len(files), 64)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    result = score(embeddings, files, group=10, records=2_000)
    assert result.top1 == pytest.approx(0.1, abs=0.08)
    assert result.eer == pytest.approx(0.5, abs=0.15)


def test_small_cells_are_scored_as_one() -> None:
    files = utterances(3, 2, 2)
    result = score(np.eye(len(files), dtype=np.float32), files)
    assert result.cells == 1


def test_one_speaker_cannot_be_scored() -> None:
    assert score(np.eye(3, dtype=np.float32), utterances(1, 1, 3)).cells == 0
