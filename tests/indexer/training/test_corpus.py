"""Manifests that cannot be trained on, and what is said of them."""

from pathlib import Path

import pytest

from spkret.errors import EncoderError
from spkret.indexer.training.corpus import read_corpus


def test_a_manifest_of_files_elsewhere_says_so(tmp_path: Path) -> None:
    elsewhere = tmp_path / "a.wav"
    elsewhere.touch()
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = ["path,speaker", f"{elsewhere},one", f"{elsewhere},two"]
    (folder / "manifest.csv").write_text("\n".join(lines))
    with pytest.raises(EncoderError, match=r"got 0 and 0; .*2 files were left out.*not under"):
        read_corpus(folder / "manifest.csv", seed=1)
