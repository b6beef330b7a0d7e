"""`spkret doctor`: a line each, JSON, and the exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from spkret import api
from spkret.analysis.doctor.lines import Diagnosis, ok, problem, warning

Run = Callable[..., Result]
FOUND = Diagnosis((ok("torch", "2.11"), warning("GPU", "old driver", "look"), ok("store", "none")))


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Diagnosis], list[object]]:
    """Let the doctor say something, and remember what it is asked."""

    def set_answer(diagnosis: Diagnosis) -> list[object]:
        asked: list[object] = []

        def doctor(store: Path | None, quick: bool) -> Diagnosis:
            asked.append((store, quick))
            return diagnosis

        monkeypatch.setattr(api, "doctor", doctor)
        return asked

    return set_answer


def test_a_line_each_and_what_to_do(
    run: Run, answer: Callable[[Diagnosis], list[object]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    asked = answer(FOUND)
    lines = run("doctor", "--quick").stdout.splitlines()
    assert lines[0].split() == ["ok", "torch", "2.11"]
    assert lines[2].strip() == "→ look"
    assert lines[-1] == "2 ok, 1 warning, 0 problems"
    run("doctor", "--store", tmp_path / "none")
    assert asked == [(None, True), (tmp_path / "none", False)]


def test_a_problem_is_status_1_and_json_is_one_document(
    run: Run, answer: Callable[[Diagnosis], list[object]]
) -> None:
    answer(Diagnosis((problem("faiss", "two builds", "remove one"),)))
    result = run("doctor", "--json", status=1)
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert document["lines"] == [
        {"subject": "faiss", "state": "problem", "message": "two builds", "advice": "remove one"}
    ]
    assert result.stderr == "Error: 1 problem found\n"
