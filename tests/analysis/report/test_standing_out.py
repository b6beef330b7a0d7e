"""What stands out, in words."""

from datetime import UTC, datetime

import pyarrow as pa
from builders import altered, copied

from spkret.analysis.audit import audit
from spkret.analysis.findings import Severity
from spkret.analysis.report.failures import failures_by_reason
from spkret.analysis.report.matching import Matching, Rate
from spkret.analysis.report.standing_out import duplicates, remarks


def rate(top1: float, speakers: int = 9) -> Rate:
    return Rate(20, speakers, top1, None)


def test_each_kind_is_told_once_and_the_serious_first(table: pa.Table, failed: pa.Table) -> None:
    rows = altered(table, 3, speaker=None)
    for number in (0, 10):
        rows = copied(rows, number, f"copy{number}.wav")
    rows = copied(rows, 20, "other.wav", speaker="somebody")
    audited = audit(rows, {})
    found = remarks(audited, failures_by_reason(failed, table), None, ["no reranker"])
    severities = [remark.severity for remark in found]
    assert severities == sorted(severities, key=list(Severity).index)
    assert found[0].text == "no reranker"
    texts = [remark.text for remark in found]
    assert "3 files could not be indexed, most often for: no speech" in texts
    assert (
        sum(text.startswith("2 groups of recordings have the same content") for text in texts) == 1
    )
    assert any("speaker" in text and text.startswith("1 of 63") for text in texts)
    assert len(duplicates(audited)) == 3


def test_the_weakest_language_with_enough_speakers_is_named(table: pa.Table) -> None:
    cells = {"en": rate(0.9), "fr": rate(0.6), "zh": rate(0.1, speakers=2)}
    matching = Matching(
        datetime.now(UTC), None, 60, 5, {"cosine": rate(0.8)}, {}, {"cosine": cells}, {}, None
    )
    texts = [remark.text for remark in remarks(audit(table[:0], {}), [], matching)]
    assert texts == [
        "fr is the language with the lowest top-1 by cosine: 60%, against 80% over all trials"
    ]


def test_languages_that_are_all_alike_stand_out_in_nothing(table: pa.Table) -> None:
    cells = {"en": rate(1.0), "fr": rate(0.999)}
    matching = Matching(
        datetime.now(UTC), None, 60, 5, {"cosine": rate(1.0)}, {}, {"cosine": cells}, {}, None
    )
    assert remarks(audit(table[:0], {}), [], matching) == []
