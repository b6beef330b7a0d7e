"""Faults that are planted are found, and a clean store gives none."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from builders import altered, copied, labelled_table
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import few

from spkret.analysis.audit import audit
from spkret.analysis.findings import Finding, Kind, Severity
from spkret.rerank.trials import Trial


def clean(seed: int = 0, **options: object) -> pa.Table:
    return labelled_table(spread=0.5, seed=seed, **options)  # type: ignore[arg-type]


def found(
    table: pa.Table, kind: Kind, lists: dict[str, list[Trial]] | None = None
) -> list[Finding]:
    return [each for each in audit(table, lists or {}).findings if each.kind is kind]


def near(vector: list[float], amount: float, seed: int = 0) -> list[float]:
    """A unit vector at some distance from another."""
    noise = np.random.default_rng(seed).normal(size=len(vector)) / len(vector) ** 0.5
    moved = np.array(vector) + amount * noise
    return list(moved / np.linalg.norm(moved))


def all_of(table: pa.Table, **columns: Sequence[object]) -> pa.Table:
    for name, values in columns.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(values, table.schema.field(name).type))
    return table


@pytest.mark.parametrize("seed", range(8))
def test_clean_store_gives_no_findings(seed: int) -> None:
    assert audit(clean(seed), {}).findings == []


@pytest.mark.parametrize("seed", range(8))
def test_store_of_a_weak_encoder_gives_no_serious_findings(seed: int) -> None:
    assert audit(labelled_table(spread=1.2, seed=seed), {}).serious == []


def test_empty_store_and_tiny_store_give_a_report() -> None:
    assert audit(clean().slice(0, 0), {}).recordings == 0
    report = audit(clean().slice(0, 3), {})
    assert (report.recordings, report.speakers) == (3, 1)
    assert np.isnan(report.near_identical)


def test_same_content_is_a_warning_and_serious_under_two_labels() -> None:
    once = copied(clean(), 0, "again.wav")
    (finding,) = found(once, Kind.SAME_CONTENT)
    assert finding.severity is Severity.WARNING
    assert finding.paths == ["again.wav", "s0/0.wav"]
    (finding,) = found(copied(clean(), 0, "again.wav", speaker="s004"), Kind.SAME_CONTENT)
    assert finding.severity is Severity.SERIOUS
    assert "s000, s004" in finding.summary


def test_same_audio_encoded_again_is_found_by_embedding_duration_and_spectrum() -> None:
    table = clean()
    row = table.to_pylist()[5]
    again = {
        "content_hash": "other",
        "embedding": near(row["embedding"], 0.05),
        "duration_s": row["duration_s"] * 1.01,
    }
    (finding,) = found(copied(table, 5, "again.mp3", **again), Kind.SAME_AUDIO)
    assert finding.paths == ["again.mp3", "s1/1.wav"]
    assert finding.evidence["lowest_cosine"] > finding.evidence["near_identical"]  # type: ignore[operator]
    longer = again | {"duration_s": row["duration_s"] * 1.1}
    assert not found(copied(table, 5, "again.mp3", **longer), Kind.SAME_AUDIO)


def test_near_identical_voices_under_two_labels_are_found_once_for_two_labels() -> None:
    table = clean()
    rows = table.to_pylist()
    twin = {"embedding": near(rows[0]["embedding"], 0.05), "duration_s": 99.0}
    (finding,) = found(altered(table, 40, **twin), Kind.TWO_LABELS)
    assert finding.paths == ["s0/0.wav", "s10/0.wav"]
    assert finding.evidence["speakers"] == "s000 and s010"


def test_copy_under_another_label_does_not_make_two_people_one() -> None:
    row = clean().to_pylist()[0]
    table = copied(clean(), 0, "copy.wav", speaker="s004", content_hash="copy")
    twin = {"embedding": near(row["embedding"], 0.05), "duration_s": 99.0, "content_hash": "twin"}
    table = copied(table, 0, "twin.wav", **twin)
    assert len(found(table, Kind.SAME_AUDIO)) == 1
    assert not found(table, Kind.TWO_LABELS)


def test_swapped_label_is_found_with_the_speaker_it_sounds_like() -> None:
    findings = [found(altered(clean(s), 0, speaker="s004"), Kind.LABEL_OUTLIER) for s in range(12)]
    right = [len(each) == 1 and "s0/0.wav is labelled s004" in each[0].summary for each in findings]
    assert sum(right) >= 10
    assert all("sounds like s000" in each[0].summary for each in findings if each)


def test_what_trial_lists_share_is_found() -> None:
    train = [Trial("1", "s0/0.wav", ("s0/1.wav", "s4/0.wav"))]
    test = [Trial("1", "s4/1.wav", ("s8/0.wav", "s12/0.wav", "nowhere.wav"))]
    apart = [Trial("1", "/audio/s16/0.wav", ("s20/0.wav",))]
    lists = {"train": train, "test": test, "apart": apart}
    (finding,) = found(clean(), Kind.SHARED_TRIALS, lists)
    assert finding.severity is Severity.SERIOUS
    assert (finding.evidence["speakers"], finding.evidence["recordings"]) == (1, 0)
    assert finding.paths == ["s4/0.wav", "s4/1.wav"]
    (unknown,) = found(clean(), Kind.UNKNOWN_IN_TRIALS, lists)
    assert unknown.paths == ["nowhere.wav"]
    (same,) = found(clean(), Kind.SHARED_TRIALS, {"a": train, "b": train})
    assert same.evidence["recordings"] == 3


def test_copy_of_a_recording_counts_as_shared() -> None:
    table = copied(clean(), 0, "again.wav", speaker=None)
    lists = {
        "a": [Trial("1", "again.wav", ("s4/0.wav",))],
        "b": [Trial("1", "s0/0.wav", ("s8/0.wav",))],
    }
    (finding,) = found(table, Kind.SHARED_TRIALS, lists)
    assert (finding.evidence["speakers"], finding.evidence["recordings"]) == (0, 1)


def test_small_cells_lone_recordings_and_missing_tags_are_found() -> None:
    table = altered(clean(), 0, language="zu", noise="clean", speaker="alone")
    (cells,) = found(table, Kind.SMALL_CELLS)
    assert dict(cells.evidence) == {"zu/clean": 1}
    (single,) = found(table, Kind.SINGLE_RECORDING)
    assert single.paths == ["s0/0.wav"]
    (language,) = found(table, Kind.NO_TRIALS)
    assert language.summary.startswith("language zu")
    for tag, value in (("speaker", None), ("noise", "unknown"), ("gender", None)):
        (missing,) = found(altered(clean(), 7, **{tag: value}), Kind.MISSING_TAG)
        assert missing.paths == ["s1/3.wav"]
        assert tag in missing.summary


@pytest.mark.parametrize("column", ["duration_s", "snr_db", "bandwidth_hz", "level_db"])
def test_column_that_gives_speakers_away_is_found(column: str) -> None:
    table = clean()
    generator = np.random.default_rng(1)
    values = [
        float(3_000 + 50 * int(s[1:]) + generator.normal()) for s in table["speaker"].to_pylist()
    ]
    if column == "level_db":
        table = all_of(table, extra=[f'{{"level_db": "{value}"}}' for value in values])
    else:
        table = all_of(table, **{column: values})
    findings = found(table, Kind.SHORTCUT)
    assert [each.evidence["column"] for each in findings] == [column] * 2
    assert all(each.evidence["same_speaker_auc"] > 0.95 for each in findings)  # type: ignore[operator]


def test_duration_that_gives_the_condition_away_is_found() -> None:
    table = clean()
    lengths = {"clean": 2.0, "background": 6.0, "communication": 9.0}
    durations = [lengths[n] + 0.01 * i for i, n in enumerate(table["noise"].to_pylist())]
    findings = found(all_of(table, duration_s=durations), Kind.SHORTCUT)
    assert all("noise conditions" in each.summary for each in findings)
    assert len(findings) == 2


def test_speaker_with_a_sample_rate_of_its_own_is_found() -> None:
    table = clean()
    rates = [8_000 if speaker == "s004" else 16_000 for speaker in table["speaker"].to_pylist()]
    (finding,) = found(all_of(table, sample_rate_hz=rates), Kind.OWN_CHANNEL)
    assert finding.paths == [f"s4/{take}.wav" for take in range(4)]


@pytest.fixture(scope="module")
def faulty() -> pa.Table:
    """A store with one fault of each kind that depends on embeddings."""
    table = clean()
    first = table.to_pylist()[5]
    table = copied(table, 0, "again.wav", speaker="s004")
    table = altered(copied(table, 5, "b.mp3", content_hash="b"), 9, speaker="s013", duration_s=50)
    return copied(
        table, 5, "c.wav", content_hash="c", speaker="s009", duration_s=first["duration_s"] * 2
    )


@few(10)
@given(seed=st.integers(0, 2**32 - 1))
def test_report_does_not_depend_on_the_order_of_rows(faulty: pa.Table, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(faulty))
    report = audit(faulty, {})
    assert {Kind.SAME_CONTENT, Kind.SAME_AUDIO, Kind.TWO_LABELS} <= {
        f.kind for f in report.findings
    }
    assert audit(faulty.take(order), {}) == report
