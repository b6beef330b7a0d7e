"""Every script of the gallery runs on the example corpus, is short, and is listed."""

import re
import runpy
import shutil
import sys
from pathlib import Path

import pytest

import spkret

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(set(EXAMPLES.glob("*.py")) - {EXAMPLES / "make_corpus.py"})
SHOWN = {
    "index_and_query": "the match is en/017.opus",
    "compare_systems": "with one trained on this store, 150 trials",
    "sql_to_a_plot": "plot written to cosines.png",
    "verify_a_list": "threshold: false-alarm rate of at most 0.01",
    "identify_speakers": "none of them",
    "cluster_embeddings": "agreement with the labels 1.00",
    "compare_two_recordings": "Log likelihood ratio: +",
}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("gallery") / "store"
    spkret.index(EXAMPLES / "corpus", store)
    return store


def test_every_script_is_listed_and_tested() -> None:
    listed = re.findall(r"^\| \[`(\w+)\.py`\]", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(SHOWN) == [script.stem for script in SCRIPTS]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_script_runs(
    script: Path,
    indexed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(script.read_text().splitlines()) < 60
    store = shutil.copytree(indexed, tmp_path / "store")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script), str(store)])
    runpy.run_path(str(script), run_name="__main__")
    assert SHOWN[script.stem] in capsys.readouterr().out
