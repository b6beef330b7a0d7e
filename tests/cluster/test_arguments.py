"""What a run on a cluster is asked with."""

from pathlib import Path

import pytest

import spkret
from spkret.api import indexing
from spkret.errors import UsageError


def test_workers_without_a_cluster_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected the address of a Ray cluster"):
        spkret.index(tmp_path, tmp_path / "store", ray_workers=2)

    assert not (tmp_path / "store").exists()


def test_a_name_of_an_encoder_is_no_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("compact", "mine"):
        (tmp_path / name).mkdir()

    assert indexing._named("compact+crops2") == "compact"
    assert indexing._named("mine") == str(tmp_path / "mine")
    assert indexing._named("ecapa") == "ecapa"
