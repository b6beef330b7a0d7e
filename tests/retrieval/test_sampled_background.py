from pathlib import Path

import numpy as np
import pytest
from builders import labelled_table, matched_store

from spkret.retrieval import library
from spkret.retrieval.library import Library
from spkret.store import sampling


def test_a_store_too_large_is_fitted_by_an_even_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = matched_store(tmp_path / "store", labelled_table(speakers=1_200))
    version = store.recordings.version()
    whole = Library(store, version).background(None, "whole")
    monkeypatch.setattr(library, "MOST_FITTED", 2_400)
    monkeypatch.setattr(Library, "labelled", lambda _: pytest.fail("the whole store was read"))
    monkeypatch.setattr(sampling, "FEWEST", 1)
    part = Library(store, version).background(None, "part")
    assert part.cells.tolist() == whole.cells.tolist()
    cosines = np.sum(part.cell_means * whole.cell_means, axis=1) / (
        np.linalg.norm(part.cell_means, axis=1) * np.linalg.norm(whole.cell_means, axis=1)
    )
    assert cosines.min() > 0.98
    assert len(part.cohort) == len(whole.cohort)
