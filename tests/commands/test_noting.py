"""`spkret log`: what commands and requests leave in it, and what they do not."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from starlette.testclient import TestClient

from spkret.commands.demo import CORPUS
from spkret.store.store import Store
from spkret.web.app import create_app

Run = Callable[..., Result]


def test_commands_are_noted_without_names(run: Run, store: Path, tmp_path: Path) -> None:
    at = ("--store", store)
    run("query", "de/001.opus", *at)
    assert "off" in run("log", *at).stderr
    assert "on" in run("log", "--on", *at).stderr
    trials = tmp_path / "trials.jsonl"
    run("index", CORPUS, *at)
    run("query", "de/001.opus", "--top", 3, *at)
    run("query", "no-such.wav", *at, status=1)
    run("verify", "de/001.opus", "de/002.opus", *at)
    run("identify", "de/001.opus", *at)
    run("make-trials", "--records", 20, "--group-size", 8, "--out", trials, *at)
    run("evaluate", trials, *at)
    run("sql", "select 1 from recordings", *at)
    run("export", "--what", "manifest", "--out", tmp_path / "m.csv", *at)
    with TestClient(create_app(Store.open(store)), base_url="http://127.0.0.1") as client:
        assert client.get("/health").status_code == 200
        id_ = client.get("/recordings").json()["recordings"][0]["id"]
        assert client.get(f"/recordings/{id_}").status_code == 200
    run("forget", "--speaker", "de-m3", "--yes", *at)
    run("log", "--off", *at)
    run("query", "de/002.opus", *at)
    report = json.loads(run("log", "--json", *at).stdout)
    assert not report["on"]
    assert report["problems"] == []
    assert [(entry["command"], entry["rows"], entry["outcome"]) for entry in report["entries"]] == [
        ("log --on", 0, "done"),
        ("index", 0, "done"),
        ("query", 3, "done"),
        ("query", 0, "UnknownRecordingError"),
        ("verify", 2, "done"),
        ("identify", 1, "done"),
        ("evaluate", 20, "done"),
        ("sql", 240, "done"),
        ("export", 240, "done"),
        ("serve GET /recordings", None, "asked"),
        ("serve GET /recordings/{id}", None, "asked"),
        ("forget", 6, "done"),
        ("log --off", 0, "done"),
    ]
    written = (store / "log" / "entries.jsonl").read_text()
    assert not any(name in written for name in ("opus", "de-m3", "no-such", str(id_), "select"))


def test_a_changed_log_fails(run: Run, store: Path) -> None:
    run("log", "--on", "--store", store)
    file = store / "log" / "entries.jsonl"
    file.write_text(file.read_text().replace("log --on", "log --ok"))
    result = run("log", "--store", store, status=1)
    assert "line 1 was changed" in result.stderr


def test_a_server_that_cannot_note_does_not_answer(run: Run, store: Path) -> None:
    run("log", "--on", "--store", store)
    (store / "log" / "entries.jsonl").unlink()
    (store / "log" / "entries.jsonl").mkdir()
    with TestClient(create_app(Store.open(store)), base_url="http://127.0.0.1") as client:
        answer = client.get("/recordings")
    assert answer.status_code == 503
    assert "recordings" not in answer.json()
