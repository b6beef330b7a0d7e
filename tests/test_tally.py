import pytest
import tally


def test_counts_are_added_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "COUNTS", {})
    assert tally.lines() == []
    tally.tell("kills", kills=1, rows_lost=0)
    tally.tell("kills", kills=1_499, rows_lost=0)
    tally.tell("hostile audio", cases=3)
    assert tally.lines() == ["kills          1,500 kills, 0 rows lost", "hostile audio  3 cases"]
