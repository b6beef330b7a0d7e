from pathlib import Path
from subprocess import CalledProcessError

import numpy as np
import pytest
from paths_parts import gathering, stores, timing
from paths_parts.table import table

from spkret.store import finding


@pytest.fixture(autouse=True)
def with_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SMALLEST_BYTES", 0)


def test_synthetic_store_holds_labelled_speakers(tmp_path: Path) -> None:
    store = stores.synthetic(tmp_path / "store", 200, 16)
    rows = store.recordings.scan(["speaker", "language", "embedding"])
    assert rows.num_rows == 200
    assert rows["speaker"].null_count == 0
    assert set(rows["language"].to_pylist()) == {"en", "de", "zh", "ar"}
    lengths = np.linalg.norm(np.array(rows["embedding"].to_pylist()), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)
    assert stores.synthetic(tmp_path / "store", 200, 16).recordings.version() == 1


def test_gathering_is_timed_beside_duckdb(tmp_path: Path) -> None:
    timed = gathering.measure(stores.synthetic(tmp_path / "store", 200, 16), 2)
    assert [each.runs for each in timed.values()] == [2, 2, 2, 2, 3]
    assert all(0 < each.wall_min <= each.wall for each in timed.values())
    written = table("200 rows", timed)
    assert written.splitlines()[0].startswith("| 200 rows | CPU, least |")
    assert len(written.splitlines()) == 7


def test_times_by_hand() -> None:
    timed = timing.Timed.of([1, 2, 9], [0.5, 0.25, 1])
    assert (timed.wall, timed.wall_min, timed.wall_spread) == (2000, 1000, (1200, 7600))
    assert (timed.cpu, timed.cpu_min, timed.runs) == (500, 250, 3)
    line = table("all", {"this": timed}).splitlines()[2]
    assert line == "| this | 250 ms | 500 ms | 1.00 s | 2.00 s | 1.20 s to 7.60 s | 3 |"


def test_commands_run_in_turn_and_one_that_fails_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def say(word: str) -> list[str]:
        return ["sh", "-c", f"echo {word} >> {log}"]

    timed = timing.of_commands({"a": say("a"), "b": say("b")}, 2)
    assert log.read_text().split() == ["a", "b"] * 3
    assert {name: each.runs for name, each in timed.items()} == {"a": 2, "b": 2}
    with pytest.raises(CalledProcessError, match="non-zero exit status"):
        timing.of_commands({"a": ["false"]}, 1)
