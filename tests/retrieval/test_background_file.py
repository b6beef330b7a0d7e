from pathlib import Path

import numpy as np
import pytest
from builders import labelled_table

from spkret.retrieval import background_file
from spkret.retrieval.normalize import Background
from spkret.retrieval.voices import Voices

BACKGROUND = Background.fit(Voices.of(labelled_table(speakers=8)))


def test_a_background_survives_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "index" / "background.npz"
    background_file.write(path, BACKGROUND, "3/x")
    read = background_file.read(path, "3/x")
    assert read is not None
    for name in ("mean", "cells", "cell_means", "cohort", "cohort_names"):
        np.testing.assert_array_equal(getattr(read, name), getattr(BACKGROUND, name))
    assert [file.name for file in path.parent.iterdir()] == ["background.npz"]


def test_bytes_do_not_depend_on_the_clock() -> None:
    assert background_file.to_bytes(BACKGROUND) == background_file.to_bytes(BACKGROUND)


def test_a_stale_cache_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "background.npz"
    background_file.write(path, BACKGROUND, "3/x")
    assert background_file.read(path, "4/x") is None
    assert background_file.read(tmp_path / "nowhere.npz", "3/x") is None


@pytest.mark.parametrize("keep", [0, 10, 400, 0.5, 0.99])
def test_a_damaged_cache_is_not_read(tmp_path: Path, keep: float) -> None:
    data = background_file.to_bytes(BACKGROUND, "k")
    cut = int(keep * len(data)) if isinstance(keep, float) else keep
    assert background_file.from_bytes(data[:cut], "k") is None


def test_a_store_that_cannot_be_written_goes_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    background_file.write(tmp_path / "file" / "background.npz", BACKGROUND, "k")
