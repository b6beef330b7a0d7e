"""`spkret report` and `spkret.report` on the example corpus."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import Result

import spkret
from spkret.errors import OptionalDependencyError, UsageError
from spkret.indexer import optional

Run = Callable[..., Result]


def test_report_writes_a_page_and_says_what_stands_out(
    run: Run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("report", "--store", store, "--projection", "pca").stdout.splitlines()
    assert said[-1].startswith("report.html written: ")
    assert any(line.startswith("note: ") for line in said)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert len(page) < 10e6


def test_json_prints_the_numbers_and_writes_a_page_only_if_asked(
    run: Run, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--store", store, "--projection", "pca", "--points", 50, "--json"]
    found = json.loads(run("report", *options).stdout)
    assert found["inventory"]["recordings"] == 240
    assert len(found["map"]["x"]) <= 50
    assert found["matching"]["logged_at"] is None
    assert not (tmp_path / "report.html").exists()
    run("report", *options, "--out", tmp_path / "new" / "page.html")
    assert (tmp_path / "new" / "page.html").exists()


def test_steps_are_told_in_order(store: Path) -> None:
    told: list[tuple[int, int, str]] = []
    report = spkret.report(
        store, None, projection="pca", progress=lambda _, *rest: told.append(rest)
    )
    assert [done for done, _, _ in told] == list(range(told[0][1] + 1))
    assert told[-1][2] == "done"
    assert "laying out 240 points" in [step for _, _, step in told]
    assert report.inventory.speakers == 40


def test_wrong_arguments_and_a_missing_library_are_told(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="'umap'"):
        spkret.report(store, None, projection="umap")
    monkeypatch.setattr(
        optional, "find_spec", lambda name: None if name == "plotly" else find_spec(name)
    )
    with pytest.raises(OptionalDependencyError, match=r"spkret\[report\]"):
        spkret.report(store)
