"""`spkret export` and `spkret import` as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

CORPUS = Path(__file__).parents[2] / "examples" / "corpus"
Run = Callable[..., Result]


@pytest.fixture
def exported(run: Run, indexed: Path, tmp_path: Path) -> Path:
    out = tmp_path / "x.npz"
    assert run("export", "--out", out, "--store", indexed).output == (
        f"240 embeddings written to {out}\n"
    )
    return out


def test_export_and_import_say_what_they_did(run: Run, exported: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    arguments = ("--manifest", CORPUS / "manifest.csv", "--encoder", "outside", "--store", new)
    first = run("import", exported, *arguments)
    assert first.output == (
        f"240 of 240 embeddings (48 numbers each) of outside imported into {new}; 0 replaced,"
        " 0 duplicates\ntags: speaker 240, language 240, noise 240, gender 240\n"
    )
    again = json.loads(run("import", exported, *arguments, "--json").output)
    assert (again["imported"], again["replaced"], again["failed"]) == (240, 240, {})
    answer = run("query", "en/001.opus", "--top", 3, "--store", new, "--json")
    assert len(json.loads(answer.stdout)["candidates"]) == 3
    refused = run("index", CORPUS, "--store", new, status=1)
    assert "imported as 'outside'" in refused.output


def test_export_prints_json(run: Run, indexed: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.scp"
    document = json.loads(run("export", "--out", out, "--store", indexed, "--json").output)
    assert document["files"] == [str(out), str(tmp_path / "x.ark")]
    assert document["rows"] == 240


def test_strict_fails_on_what_is_left(run: Run, exported: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "some.csv"
    manifest.write_text("path,speaker\nen/001.opus,anna\nnew.opus,bert\n")
    arguments = ("import", exported, "--manifest", manifest, "--encoder", "outside")
    result = run(*arguments, "--store", tmp_path / "new", "--strict", status=1)
    assert "left out: 239 keys that name no recording, 1 recordings" in result.output
    assert "(--strict)" in result.output


def test_zeros_are_told(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", keys=np.array(["a", "b"]), embeddings=np.eye(2, 1))
    result = run("import", tmp_path / "x.npz", "--encoder", "o", "--store", tmp_path / "new")
    assert "not imported or not measured: no_embedding 1; why: spkret sql" in result.output


def test_a_name_without_a_known_ending_is_misuse(run: Run, indexed: Path, tmp_path: Path) -> None:
    result = run("export", "--out", tmp_path / "x.bin", "--store", indexed, status=2)
    assert "expected a file name that ends in .ark, .scp" in result.output
