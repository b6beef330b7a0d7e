from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from builders import labelled_table

from spkret.rerank.evaluation import Evaluation
from spkret.rerank.ranker import Reranker
from spkret.rerank.training import Material, train
from spkret.rerank.trials import make_trials
from spkret.retrieval.groups import Groups
from spkret.retrieval.normalize import Background
from spkret.retrieval.voices import Voices
from spkret.store.schema import EncoderIdentity


@cache
def material(seed: int = 0, records: int = 300, speakers: int = 60) -> Material:
    """Trials on a synthetic store, hard enough that channels and acoustics matter."""
    table = labelled_table(speakers, spread=1.1, channel=1.0, seed=seed)
    voices = Voices.of(table)
    groups, matches = laid_out(table, records)
    encoder = EncoderIdentity("fake", "fake-fingerprint", 32)
    return Material(encoder, voices, Background.fit(voices), groups, matches)


def laid_out(table: pa.Table, records: int) -> tuple[Groups, np.ndarray]:
    trials = make_trials(table, records, 15)
    row_of = {path: row for row, path in enumerate(table["path"].to_pylist())}
    members = [[row_of[name] for name in trial.group] for trial in trials]
    groups = Groups.of([row_of[trial.anchor] for trial in trials], members)
    within = [trial.group.index(str(trial.match)) for trial in trials]
    return groups, groups.offsets[:-1] + np.array(within)


@pytest.fixture(scope="session")
def trained() -> tuple[Reranker, Evaluation]:
    return train(material())


@pytest.fixture
def saved(trained: tuple[Reranker, Evaluation], tmp_path: Path) -> Path:
    trained[0].save(tmp_path / "reranker")
    return tmp_path / "reranker"
