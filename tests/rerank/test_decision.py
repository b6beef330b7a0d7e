import json
from pathlib import Path

import numpy as np
import pytest

from spkret.errors import TrialError, UsageError
from spkret.rerank.decision import (
    Rule,
    Scale,
    Threshold,
    doubts,
    find_threshold,
    read_threshold,
    write_threshold,
)

TARGETS, NONTARGETS = np.array([1.0, 3.0, 4.0]), np.array([0.0, 2.0])


def found(rule: Rule, system: str = "qmf") -> Threshold:
    scale = Scale(system, "encoder-1", "reranker-1")
    return find_threshold(rule, scale, TARGETS, NONTARGETS, "pairs.txt")


@pytest.mark.parametrize(
    ("rule", "value", "miss", "false_alarm"),
    [
        (Rule(false_alarm=0.1), 2.5, 1 / 3, 0.0),
        (Rule(balanced=True), 1.5, 1 / 3, 0.5),
        (Rule(prior=0.5), 0.0, 0.0, 1.0),
    ],
)
def test_rules_by_hand(rule: Rule, value: float, miss: float, false_alarm: float) -> None:
    threshold = found(rule)
    assert (threshold.value, threshold.false_alarm) == (value, false_alarm)
    assert threshold.miss == pytest.approx(miss)
    assert str(rule) in str(threshold)
    assert "5 pairs of pairs.txt" in str(threshold)


def test_rules_that_cannot_be_kept_are_refused() -> None:
    with pytest.raises(UsageError, match="got 0"):
        Rule()
    with pytest.raises(UsageError, match="got 2"):
        Rule(false_alarm=0.1, balanced=True)
    for share in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            Rule(prior=share)
    with pytest.raises(UsageError, match="spkret train-reranker"):
        found(Rule(prior=0.01), "asnorm")
    with pytest.raises(TrialError, match="got 3 and 0"):
        find_threshold(
            Rule(balanced=True), Scale("qmf", "e", None), TARGETS, NONTARGETS[:0], "pairs.txt"
        )


def test_few_errors_are_doubted() -> None:
    rule = Rule(false_alarm=0.1)
    assert "0 false alarms" in doubts(rule, found(rule))[0]
    assert doubts(Rule(balanced=True), found(Rule(balanced=True))) == []
    scale, many = Scale("qmf", "e", None), np.arange(1000.0)
    assert doubts(rule, find_threshold(rule, scale, TARGETS, many, "x")) == []


def test_a_threshold_survives_a_round_trip_and_is_bound_to_its_scores(tmp_path: Path) -> None:
    threshold = found(Rule(balanced=True))
    assert read_threshold(tmp_path, "encoder-1", "reranker-1") == (None, [])
    write_threshold(tmp_path, threshold)
    assert read_threshold(tmp_path, "encoder-1", "reranker-1") == (threshold, [])
    for others, what in ((("e", "reranker-1"), "encoder"), (("encoder-1", None), "reranker")):
        nothing, warnings = read_threshold(tmp_path, *others)
        assert nothing is None
        assert f"another {what}" in warnings[0]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 2}', "null"])
def test_a_damaged_threshold_is_ignored_with_a_warning(tmp_path: Path, text: str) -> None:
    (tmp_path / "verification.json").write_text(text)
    nothing, warnings = read_threshold(tmp_path, "encoder-1", "reranker-1")
    assert nothing is None
    assert "is ignored" in warnings[0]


def test_a_threshold_that_is_no_number_is_ignored(tmp_path: Path) -> None:
    write_threshold(tmp_path, found(Rule(balanced=True)))
    path = tmp_path / "verification.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"value": "high"}))
    assert read_threshold(tmp_path, "encoder-1", "reranker-1")[0] is None
