"""Counts of a store against plain DuckDB, quartiles and bins against NumPy."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from builders import altered
from hypothesis import given
from hypothesis import strategies as st

from spkret.analysis.report.failures import failures_by_reason
from spkret.analysis.report.inventory import take_inventory
from spkret.analysis.report.summaries import Bins, Quartiles, usual_edges
from spkret.analysis.rows import AuditRows


def test_counts_are_those_of_duckdb(table: pa.Table) -> None:
    recordings = altered(altered(table, 3, speaker=None, gender=None), 7, age="thirties")
    found = take_inventory(AuditRows.of(recordings), recordings.sort_by("id"))
    database = duckdb.connect()
    database.register("recordings", recordings)
    rows = database.execute(
        "select language, noise, count(*), count(distinct speaker) from recordings group by 1, 2"
        " order by 1, 2"
    ).fetchall()
    assert [(c.language, c.noise, c.recordings, c.speakers) for c in found.cells] == rows
    hours, speech, unlabelled = database.execute(
        "select sum(duration_s::double) / 3600, sum(speech_s::double) / 3600,"
        " count(*) filter (speaker is null) from recordings"
    ).fetchall()[0]
    np.testing.assert_allclose([found.hours, found.speech_hours], [hours, speech], rtol=1e-6)
    assert (found.recordings, found.speakers, found.unlabelled) == (60, 12, unlabelled)
    of_speakers = database.execute(
        "select speaker, count(*) from recordings where speaker is not null group by 1"
    ).fetchall()
    assert dict(found.recordings_per_speaker) == dict(of_speakers)
    assert found.genders["unknown"] == 1
    assert found.ages == {"30 to 39": 1}
    assert sum(found.durations.counts) == sum(found.speech.counts) == 60
    assert found.sources == {
        tag: {"none": 60} for tag in ("speaker", "language", "noise", "gender")
    }


@given(st.lists(st.floats(-1e3, 1e3) | st.just(float("nan")), max_size=40))
def test_quartiles_and_bins_leave_out_the_unknown(values: list[float]) -> None:
    array = np.array(values, float)
    known = array[~np.isnan(array)]
    quartiles = Quartiles.of(array)
    if not len(known):
        assert quartiles is None
    else:
        assert quartiles is not None
        assert quartiles.count == len(known)
        assert quartiles.median == pytest.approx(np.median(known))
    assert sum(Bins.of(array, usual_edges(np.abs(array))).counts) == len(known)


def test_a_file_fails_for_its_last_reason_until_it_is_stored(
    table: pa.Table, failed: pa.Table
) -> None:
    found = failures_by_reason(failed, table)
    assert [(each.reason, each.files) for each in found] == [
        ("no speech", 2),
        ("cannot be decoded", 1),
    ]
    assert [(e.path, e.detail) for e in found[0].examples] == [
        ("a.wav", "silence"),
        ("b.wav", "hiss"),
    ]


def test_an_empty_store_is_counted(table: pa.Table) -> None:
    found = take_inventory(AuditRows.of(table[:0]), table[:0])
    assert (found.recordings, found.hours, found.cells) == (0, 0, [])
