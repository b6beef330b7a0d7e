import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from spkret.errors import StoreError
from spkret.store.scores import FAILURES_SCHEMA, SCORES_SCHEMA, TRIALS_SCHEMA
from spkret.store.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)


def failures(count: int, name: str = "f") -> pa.Table:
    rows = [
        {"root": "/a", "path": f"{name}{n}.wav", "reason": "silent", "detail": "", "at": NOW}
        for n in range(count)
    ]
    return pa.Table.from_pylist(rows, FAILURES_SCHEMA)


def test_score_comes_back_as_it_was_logged(store: Store) -> None:
    row = dict.fromkeys(SCORES_SCHEMA.names) | {
        "query_id": "q1",
        "created_at": NOW,
        "anchor_id": 5,
        "cosine": 0.5,
        "rank": 1,
        "features": [("gap", 0.25), ("rank", 1.0)],
    }
    store.scores.append(pa.Table.from_pylist([row], SCORES_SCHEMA))
    table = store.scores.scan()
    assert table.schema.equals(SCORES_SCHEMA)
    assert table.to_pylist() == [row]


def test_trial_comes_back_as_it_was_logged(store: Store) -> None:
    row = dict.fromkeys(TRIALS_SCHEMA.names) | {
        "trial_id": "r1",
        "group": ["b.wav", "c.wav"],
        "group_ids": [1, None],
        "created_at": NOW,
    }
    store.trials.append(pa.Table.from_pylist([row], TRIALS_SCHEMA))
    assert store.trials.scan().to_pylist() == [row]


def test_empty_log(store: Store) -> None:
    for log in (store.scores, store.trials, store.failures):
        assert log.scan().schema.equals(log.delta.schema)
        log.append(log.delta.schema.empty_table())
        assert log.delta.snapshot().version == log.count() == 0


def test_rows_come_oldest_first_in_the_columns_asked_for(store: Store) -> None:
    for day in (3, 1, 2):
        rows = failures(1, str(day)).set_column(
            4, "at", pa.array([NOW + timedelta(days=day)], FAILURES_SCHEMA.field("at").type)
        )
        store.failures.append(rows.select(FAILURES_SCHEMA.names[::-1]))
    assert store.failures.scan(["path"]).to_pylist() == [{"path": f"{d}0.wav"} for d in (1, 2, 3)]


def test_missing_unknown_and_unfit_columns_are_refused(store: Store) -> None:
    rows = failures(1)
    with pytest.raises(StoreError, match="unknown: detail"):
        store.failures.append(rows.drop_columns(["detail"]))
    with pytest.raises(StoreError, match="unknown: size"):
        store.failures.append(rows.append_column("size", pa.array([1])))
    with pytest.raises(StoreError, match="column types of failures"):
        store.failures.append(rows.set_column(4, "at", pa.array(["yesterday"])))


def test_concurrent_appends_lose_nothing(store: Store) -> None:
    def write(writer: int) -> None:
        for n in range(5):
            store.failures.append(failures(2, f"{writer}-{n}-"))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    paths = store.failures.scan(["path"])["path"].to_pylist()
    assert len(paths) == len(set(paths)) == store.failures.count() == 40
