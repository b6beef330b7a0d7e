"""`spkret audit` and `spkret.audit` on the example corpus."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

import spkret

Run = Callable[..., Result]


def test_audit_prints_findings_and_what_to_do(run: Run, store: Path) -> None:
    lines = run("audit", "--store", store).stdout.splitlines()
    assert lines[0].startswith("240 recordings of 40 labelled speakers:")
    assert any(line.startswith("→ ") for line in lines)


def test_audit_of_lists_that_share_speakers_is_serious(
    run: Run, store: Path, tmp_path: Path
) -> None:
    names = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    for name in names:
        run("make-trials", "--records", 20, "--group-size", 8, "--out", name, "--store", store)
    report = json.loads(run("audit", *names, "--store", store, "--json").stdout)
    (shared,) = [each for each in report["findings"] if each["kind"] == "shared_trials"]
    assert set(shared) == {"kind", "severity", "summary", "paths", "evidence", "advice"}
    assert shared["severity"] == "serious"
    result = run("audit", *names, "--store", store, "--strict", status=1)
    assert "serious findings" in result.stderr
    assert spkret.audit(store, names).serious
