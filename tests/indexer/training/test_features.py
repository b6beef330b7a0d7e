from pathlib import Path

import numpy as np
import pytest

from spkret.indexer.encoders.frontend import FrontEndConfig
from spkret.indexer.training.corpus import read_corpus
from spkret.indexer.training.features import build
from spkret.indexer.training.waves import Sounds


@pytest.mark.parametrize("left", ["json", "f16"])
def test_cache_that_was_being_deleted_is_made_again(
    corpus: Path, tmp_path: Path, left: str
) -> None:
    utterances = read_corpus(corpus, seed=1).development[:3]

    def frames() -> list[list[float]]:
        made = build(tmp_path, utterances, ("plain",), Sounds(), FrontEndConfig(), seed=1)
        return [made.frames(row).tolist() for row in range(len(made))]

    whole = frames()
    assert np.shape(whole)[0] == 3
    for file in tmp_path.rglob("00000.*"):
        if file.suffix != f".{left}":
            file.unlink()
    assert frames() == whole
