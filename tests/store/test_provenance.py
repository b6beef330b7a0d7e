import hashlib
import json
import multiprocessing
import os
import pwd
from pathlib import Path

import pytest

from spkret.errors import StoreError, UsageError
from spkret.store.provenance import StoreLog, noted


@pytest.fixture
def log(tmp_path: Path) -> StoreLog:
    made = StoreLog(tmp_path)
    made.switch(True, 0)
    return made


def _append(folder: Path) -> None:
    for _ in range(25):
        StoreLog(folder).append("query", 1, 50)


def test_off_until_switched_on_and_both_are_noted(tmp_path: Path) -> None:
    log = StoreLog(tmp_path)
    assert noted(log, "query", lambda: 0, len, lambda: [1, 2]) == [1, 2]
    assert not any(tmp_path.iterdir())
    for on in (True, True, False, False):
        log.switch(on, 3)
    report = log.report()
    assert [entry.command for entry in report.entries] == ["log --on", "log --off"]
    assert not report.on
    assert report.problems == []


def test_entries_say_who_what_and_how_many_and_chain_by_hash(log: StoreLog) -> None:
    noted(log, "query", lambda: 7, len, lambda: "abc")
    with pytest.raises(UsageError):
        noted(log, "sql", lambda: 7, len, _fail)
    *_, query, failed = (json.loads(line) for line in log.path.read_text().splitlines())
    assert (query["command"], query["version"], query["rows"]) == ("query", 7, 3)
    assert query["user"] == pwd.getpwuid(os.geteuid()).pw_name
    assert query["host"] == os.uname().nodename
    assert (failed["outcome"], failed["rows"]) == ("UsageError", 0)
    assert failed["previous"] == query["hash"]
    said = json.dumps({key: value for key, value in query.items() if key != "hash"}).encode()
    assert query["hash"] == hashlib.blake2b(said, digest_size=32).hexdigest()
    assert log.report().head == failed["hash"]


def _fail() -> str:
    raise UsageError("no")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda lines: [lines[0], lines[1].replace(b'"rows": 1', b'"rows": 9'), *lines[2:]],
            "line 2",
        ),
        (lambda lines: [lines[0], *lines[2:]], "line 2 does not follow"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1 does not follow"),
        (lambda lines: lines[1:], "line 1 does not follow"),
        (lambda lines: [lines[0], b"{}", *lines[1:]], "line 2 was changed or cut off"),
    ],
)
def test_tampering_is_noticed(log: StoreLog, change: object, problem: str) -> None:
    for rows in range(1, 4):
        log.append("query", 1, rows)
    lines = change(log.path.read_bytes().splitlines())  # type: ignore[operator]
    log.path.write_bytes(b"\n".join(lines) + b"\n")
    assert problem in "; ".join(log.report().problems)


def test_a_line_that_was_cut_off_stays_and_the_next_entry_goes_on(log: StoreLog) -> None:
    with log.path.open("ab") as file:
        file.write(b'{"number": 2, "at": "20')
    log.append("query", 1, 50)
    report = log.report()
    assert [entry.number for entry in report.entries] == [1, 2]
    assert report.problems == ["line 2 was changed or cut off"]


def test_processes_append_one_after_the_other(log: StoreLog) -> None:
    folder = log.path.parent.parent
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_append, args=(folder,)) for _ in range(4)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    report = log.report()
    assert [entry.number for entry in report.entries] == list(range(1, 102))
    assert report.problems == []


def test_what_cannot_be_noted_fails(log: StoreLog) -> None:
    log.path.unlink()
    log.path.mkdir()
    with pytest.raises(StoreError, match="spkret log --off"):
        noted(log, "query", lambda: 0, len, lambda: "abc")
