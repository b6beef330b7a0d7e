"""The main job on a store at a URL, from one machine and then from another."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from spkret.commands.demo import CORPUS

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "one"))


def test_what_one_machine_indexes_another_asks(
    run: Run, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted((CORPUS / "en").glob("*.opus"))[:8]
    (tmp_path / "audio").mkdir()
    for file in files:
        shutil.copy(file, tmp_path / "audio")
    url = f"{bucket}/voices"
    monkeypatch.setenv("SPKRET_STORE", url)
    assert f"8 of 8 files indexed into {url}" in run("index", tmp_path / "audio").output
    (tmp_path / "group.txt").write_text("\n".join(file.name for file in files[1:5]))
    asked = ("query", files[0].name, "--group", tmp_path / "group.txt", "--json")
    answer = json.loads(run(*asked).output)

    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "other"))
    assert json.loads(run(*asked).output) == answer
    assert run("sql", "SELECT count(*) FROM scores", "--format", "csv").output.split()[1] == "8"
    assert "0 of 8 files" in run("index", tmp_path / "audio").output
    facts = json.loads(run("info", "--json").output)
    assert (facts["path"], facts["rows"], facts["scores"]) == (url, 8, 8)
    assert facts["working_copy"].startswith(str(tmp_path / "other"))
    assert Path(facts["working_copy"]).stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_what_one_machine_indexes_and_trains_another_uses(
    run: Run, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, trials = f"{bucket}/voices", tmp_path / "trials.jsonl"
    monkeypatch.setenv("SPKRET_STORE", url)
    assert f"into {url}" in run("index", CORPUS).output
    run("make-trials", "--records", 60, "--group-size", 5, "--out", trials)
    trial = json.loads(trials.read_text().splitlines()[0])
    group = tmp_path / "group.txt"
    group.write_text("\n".join(trial["group"]))
    run("train-reranker", trials)
    asked = ("query", trial["anchor"], "--group", group, "--json")
    answer = json.loads(run(*asked).output)

    monkeypatch.setenv("SPKRET_CACHE", str(tmp_path / "other"))
    assert json.loads(run(*asked).output) == answer
    assert answer["reranker"]
    rows = run("sql", "SELECT count(*) FROM scores", "--format", "csv").output.split()
    assert int(rows[1]) == 2 * len(trial["group"])
    assert json.loads(run("evaluate", trials, "--no-log", "--json").output)["records"] == 60
    facts = json.loads(run("info", "--json").output)
    assert (facts["path"], facts["rows"], facts["has_reranker"]) == (url, 240, True)
    assert facts["working_copy"].startswith(str(tmp_path / "other"))
    run("check")
    run("forget", "--path", trial["anchor"], "--yes")
    assert "has_reranker" in run("info").output
    assert json.loads(run("info", "--json").output)["rows"] == 239


def test_what_a_url_cannot_do_is_said_in_a_line(run: Run, bucket: str) -> None:
    url = f"{bucket}/nothing"
    for arguments in (("info",), ("sql", "SELECT 1"), ("check",), ("query", "x.wav")):
        result = run(*arguments, "--store", url, status=1)
        assert f"expected a store in {url}" in result.output
        assert len(result.output.splitlines()) == 1
    assert "for a log of its use" in run("log", "--on", "--store", url, status=1).output


@pytest.mark.parametrize(("arguments", "status"), [("--version", 0), ("nonsense", 2)])
def test_a_process_that_used_obstore_ends_with_its_status_and_what_was_to_be_done(
    arguments: str, status: int
) -> None:
    code = (
        "import atexit, sys, obstore.fsspec; from spkret import cli\n"
        f"atexit.register(print, 'tidied up'); sys.argv = ['spkret', {arguments!r}]; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert done.stdout.endswith("tidied up\n")
