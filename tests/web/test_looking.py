"""Lists, facets, SQL and the map: the same as the tables say."""

import base64
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from web_server import Serve, at_once

from spkret import api
from spkret.analysis.projection import Projection, project, sample_by_speaker
from spkret.store.arrays import embeddings
from spkret.store.store import Store
from spkret.web import layout
from spkret.web.caching import Cache
from spkret.web.tables import MOST_BYTES

DuckRows = list[tuple[Any, ...]]


def rows_of(path: Path, statement: str) -> DuckRows:
    """Ask plain DuckDB over the Parquet files of the recordings."""
    import duckdb

    files = sorted(str(file) for file in (path / "recordings").rglob("*.parquet"))
    connection = duckdb.connect()
    connection.execute(
        "create view recordings as select * from"  # noqa: S608
        f" read_parquet({files}, hive_partitioning = true, hive_types_autocast = false)"
    )
    return connection.execute(statement).fetchall()


def test_health_and_facets_count_the_store(client: TestClient, served_path: Path) -> None:
    rows = Store.open(served_path).recordings.scan().to_pylist()
    assert client.get("/health").json() == {
        "status": "ok",
        "store": "store",
        "recordings": len(rows),
        "encoder": "spectral",
        "reranker": None,
    }
    facets = client.get("/facets").json()
    for plural, name in (("languages", "language"), ("noises", "noise"), ("genders", "gender")):
        assert facets[plural] == Counter(row[name] or "unknown" for row in rows)
    assert facets["speakers"] == len({row["speaker"] for row in rows} - {None})


FILTERS = [
    ({}, "true"),
    ({"language": "en"}, "language = 'en'"),
    ({"noise": "clean", "gender": "f"}, "noise = 'clean' and gender = 'f'"),
    ({"gender": "unknown"}, "gender is null"),
    ({"speaker": "de-m3"}, "speaker = 'de-m3'"),
    ({"text": "DE-M"}, "(path ilike '%de-m%' or speaker ilike '%de-m%')"),
    ({"text": "."}, "path like '%.%'"),
    ({"where": "duration_s > 3 -- long"}, "duration_s > 3"),
    ({"language": "tlh"}, "false"),
]


@pytest.mark.parametrize(("asked", "where"), FILTERS)
def test_lists_are_what_plain_sql_finds(
    client: TestClient, served_path: Path, asked: dict[str, str], where: str
) -> None:
    statement = f"select id, path, speaker from recordings where {where} order by path, root"  # noqa: S608
    expected = [(str(id_), *rest) for id_, *rest in rows_of(served_path, statement)]
    answer = client.get("/recordings", params=asked | {"limit": "1000"}).json()
    listed = [(row["id"], row["path"], row["speaker"]) for row in answer["recordings"]]
    assert listed == expected
    assert answer["total"] == len(expected)
    page = client.get("/recordings", params=asked | {"limit": "7", "offset": "5"}).json()
    assert page["recordings"] == answer["recordings"][5:12]
    assert page["total"] == len(expected)


def test_one_recording_has_all_that_is_known(client: TestClient, served_path: Path) -> None:
    row = Store.open(served_path).recordings.scan(where="path = 'en/004.opus'").to_pylist()[0]
    details = client.get(f"/recordings/{row['id']}").json()
    assert (details["id"], details["audio"]) == (str(row["id"]), True)
    for name in ("root", "path", "speaker", "language", "noise", "gender", "sample_rate_hz"):
        assert details[name] == row[name]
    for name in ("duration_s", "speech_s", "snr_db", "bandwidth_hz", "f0_hz"):
        assert details[name] == pytest.approx(row[name])
    assert details["extra"] == json.loads(row["extra"])
    assert client.get("/recordings/1").status_code == 404
    assert client.get(f"/recordings/{'9' * 19}").status_code == 404
    assert client.get("/recordings/one").status_code == 422


def ask(client: TestClient, statement: str) -> Any:
    answer = client.post("/sql", json={"statement": statement})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_sql_is_plain_duckdb_over_the_table(client: TestClient, served_path: Path) -> None:
    statement = (
        "select language, noise, count(*) as n, avg(duration_s) as mean from recordings"
        " group by all order by all"
    )
    answer = ask(client, statement)
    assert answer["rows"] == [list(row) for row in rows_of(served_path, statement)]
    types = ["VARCHAR", "VARCHAR", "BIGINT", "DOUBLE"]
    assert [c["name"] for c in answer["columns"]] == ["language", "noise", "n", "mean"]
    assert [c["type"] for c in answer["columns"]] == types
    assert answer["truncated"] is False


def test_sql_gives_values_as_a_browser_can_hold_them(client: TestClient) -> None:
    wanted = [
        ("9007199254740991", 2**53 - 1),
        ("9007199254740993", str(2**53 + 1)),
        ("-9007199254740993", str(-(2**53) - 1)),
        ("170141183460469231731687303715884105727::hugeint", str(2**127 - 1)),
        ("sum(2::hugeint)", 2),
        ("1.50::decimal(5,2)", "1.50"),
        ("'nan'::double", None),
        ("'-inf'::float", None),
        ("0.1::double", 0.1),
        ("true", True),
        ("null", None),
        ("date '2024-02-29'", "2024-02-29"),
        ("time '12:30:01'", "12:30:01"),
        ("timestamp '2024-02-29 12:30:01.5'", "2024-02-29T12:30:01.500000"),
        ("timestamptz '2024-02-29 12:30:01+02'", "2024-02-29T10:30:01+00:00"),
        ("'\\xAA\\x00'::blob", base64.b64encode(b"\xaa\x00").decode()),
        ("[1, 9007199254740993]", [1, str(2**53 + 1)]),
        ("{'a': 1, 'b': [null]}", {"a": 1, "b": [None]}),
        ("'üñ\U0001f600'", "üñ\U0001f600"),
    ]
    answer = ask(client, "select " + ", ".join(text for text, _ in wanted))
    assert answer["rows"] == [[value for _, value in wanted]]
    assert ask(client, "select 1 as a, 2 as a")["rows"] == [[1, 2]]
    assert ask(client, "select map {'k': 'nan'::double}")["rows"][0][0] in (
        {"k": None},
        [["k", None]],
    )


def test_sql_keeps_to_its_rows_and_its_time(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(client, "select * from range(10000)")["truncated"] is False
    many = ask(client, "select * from range(10001)")
    assert (len(many["rows"]), many["truncated"]) == (10_000, True)
    monkeypatch.setattr("spkret.web.tables.LONGEST_S", 1.0)
    for slow in (
        "select count(*) from range(1000000) a, range(1000000) b, range(1000)",
        "select levenshtein(repeat('a', 200000), repeat('b', 200000))",
    ):
        start = time.perf_counter()
        answer = client.post("/sql", json={"statement": slow})
        assert time.perf_counter() - start < 10
        assert (answer.status_code, "stopped after 1 s" in answer.text) == (400, True), answer.text


def test_sql_keeps_to_its_memory_and_its_bytes(client: TestClient) -> None:
    large = client.post("/sql", json={"statement": "select length(repeat('a', 3000000000))"})
    assert (large.status_code, "too much memory" in large.text) == (400, True)
    cut = client.post("/sql", json={"statement": "select repeat('x', 10000) from range(10000)"})
    assert cut.status_code == 200
    assert MOST_BYTES - 20_000 < len(cut.content) < MOST_BYTES + 1000
    assert cut.json()["truncated"] is True
    one = ask(client, "select repeat('x', 40000000)")
    assert (one["rows"], one["truncated"]) == ([], True)
    assert ask(client, "select repeat('x', 4000000)")["truncated"] is False


@pytest.mark.parametrize(
    "statement",
    [
        "delete from recordings",
        "select * from read_text('/etc/hostname')",
        "copy recordings to '/tmp/x.csv'",
        "attach '/tmp/x.db'",
        "select 1; select 2",
        "selec",
        "select 'infinity'::date",
        "select '290000-01-01'::timestamp",
        "select 'x'::int",
        "pragma version",
        "(" * 5000,
        "select " + "(" * 2000 + "1" + ")" * 2000,
    ],
    ids=lambda statement: ascii(statement)[:30],
)
def test_sql_that_cannot_be_is_one_line(client: TestClient, statement: str) -> None:
    answer = client.post("/sql", json={"statement": statement})
    assert answer.status_code == 400, answer.text
    assert "\n" not in answer.json()["error"]


def test_conditions_cannot_hang_or_leave_the_store(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spkret.web.where._LONGEST_S", 0.5)
    for where in (
        "(select count(*) from range(1000000) a, range(1000000) b, range(1000)) > 0",
        "(select count(*) from read_text('/etc/hostname')) > 0",
        "levenshtein(repeat('a', 200000), repeat('b', 200000)) > 0",
        "length(repeat('a', 3000000000)) > 0",
        "true); select (1",
        "true) UNION ALL SELECT 'x' WHERE (true",
        "true GROUP BY id",
        "no_such_column > 1",
        "\0",
        "",
    ):
        assert client.get("/recordings", params={"where": where}).status_code == 400
        assert client.get("/map", params={"where": where}).status_code == 400
        asked = {"anchor": "en/004.opus", "where": where}
        assert client.post("/query", json=asked).status_code == 400


@pytest.mark.parametrize(
    "where",
    [
        "recordings.duration_s > 3",
        "cosine(embedding, embedding_of('en/004.opus')) < 0.9",
        "id not in (select candidate_id from scores where candidate_id is null) and duration_s > 3",
        "id in (select id from recordings where language = 'fr')",
    ],
)
def test_conditions_mean_the_same_everywhere(
    client: TestClient, served_path: Path, where: str
) -> None:
    listed = client.get("/recordings", params={"where": where, "limit": "1000"}).json()
    asked = {"anchor": "en/004.opus", "where": where, "explain": False}
    found = client.post("/query", json=asked).json()
    refs = {row["id"] for row in listed["recordings"]}
    assert 0 < len(refs) < 240
    assert {candidate["ref"] for candidate in found["candidates"]} <= refs
    match = api.query(served_path, "en/004.opus", where=where, log=False)
    assert match.path == found["match"]
    assert [one["path"] for one in found["candidates"]] == [
        one.path for one in match.candidates[: len(found["candidates"])]
    ]


def test_busy_is_told_and_health_is_answered_meanwhile(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spkret.web.tables.LONGEST_S", 1.0)
    monkeypatch.setattr("spkret.web.turns._PATIENCE_S", 1.5)
    slow = {"statement": "select levenshtein(repeat('a', 400000), repeat('b', 400000))"}
    answers: list[Any] = []
    with ThreadPoolExecutor(40) as pool:
        sent = [pool.submit(client.post, "/sql", json=slow) for _ in range(40)]
        start = time.perf_counter()
        assert client.get("/health").status_code == 200
        assert time.perf_counter() - start < 3
        assert not all(future.done() for future in sent)
        answers = [future.result() for future in sent]
    assert {answer.status_code for answer in answers} == {400, 503}
    busy = [answer for answer in answers if answer.status_code == 503]
    assert len(busy) >= 30
    assert {answer.headers["retry-after"] for answer in busy} == {"5"}
    assert "busy" in busy[0].json()["error"]


@pytest.mark.parametrize("method", Projection)
def test_the_map_is_the_projection(
    client: TestClient, served_path: Path, method: Projection
) -> None:
    asked = {"method": method.value, "limit": "40", "language": "en"}
    answer = client.get("/map", params=asked).json()
    rows = Store.open(served_path).recordings.scan(where="language = 'en'")
    chosen = rows.take(sample_by_speaker(np.array(rows["speaker"].to_pylist(), object), 40))
    placed = project(embeddings(chosen), method)
    points = answer["points"]
    assert (answer["method"], answer["total"]) == (method.value, rows.num_rows)
    assert points["id"] == [str(id_) for id_ in chosen["id"].to_pylist()]
    assert points["path"] == chosen["path"].to_pylist()
    assert points["speaker"] == chosen["speaker"].to_pylist()
    np.testing.assert_allclose(np.column_stack([points["x"], points["y"]]), placed, atol=1e-4)


def test_an_empty_map_is_empty(client: TestClient) -> None:
    answer = client.get("/map", params={"language": "tlh"}).json()
    assert (answer["total"], answer["points"]["x"]) == (0, [])
    assert client.get("/map", params={"limit": "5001"}).status_code == 422


def test_a_map_is_computed_once_for_all_who_ask(
    serve: Serve, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def counted(vectors: Any, method: Projection) -> Any:
        calls.append(len(vectors))
        return project(vectors, method)

    monkeypatch.setattr(layout, "project", counted)
    client = serve()
    at_once(*[partial(client.get, "/map")] * 6)
    assert calls == [240]
    Store.open(store_path).forget(path="en/004.opus")
    assert client.get("/map").json()["total"] == 239
    assert calls == [240, 239]


def test_what_failed_is_not_kept_and_the_oldest_goes() -> None:
    gone: list[int] = []
    cache: Cache[int] = Cache(2, gone.append)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 // 0)
    assert [cache.get("a", lambda: 1), cache.get("b", lambda: 2), cache.get("a", lambda: 9)] == [
        *(1, 2, 1)
    ]
    cache.get("c", lambda: 3)
    assert gone == [2]
    assert cache.get("b", lambda: 4) == 4
