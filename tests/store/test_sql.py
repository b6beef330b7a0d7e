from pathlib import Path

import pyarrow as pa
import pytest
from builders import TOY_IDENTITY, embedded
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import SqlError, StoreError
from spkret.store import sql
from spkret.store.schema import RECORDINGS_SCHEMA
from spkret.store.scores import FAILURES_SCHEMA, SCORES_SCHEMA, TRIALS_SCHEMA
from spkret.store.sql import query
from spkret.store.store import Store


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of one row that no test changes."""
    store = Store.create(tmp_path_factory.mktemp("sql") / "store", TOY_IDENTITY)
    store.recordings.commit([embedded("1.wav")])
    return store


def test_select_over_recordings(store: Store) -> None:
    store.recordings.commit([embedded("1.wav"), embedded("2.wav", noise="unknown", speaker=None)])
    sql = "select noise, count(*), count(speaker), max(len(embedding)) from recordings group by 1"
    assert sorted(query(store, sql).fetchall()) == [("clean", 1, 1, 16), ("unknown", 1, 0, 16)]


@pytest.mark.parametrize(
    ("view", "schema"),
    [
        ("recordings", RECORDINGS_SCHEMA),
        ("scores", SCORES_SCHEMA),
        ("trials", TRIALS_SCHEMA),
        ("failures", FAILURES_SCHEMA),
    ],
)
def test_empty_tables_are_empty_views_of_their_columns(
    store: Store, view: str, schema: pa.Schema
) -> None:
    relation = query(store, f"from {view}")
    assert relation.columns == schema.names
    assert relation.fetchall() == []


def test_views_join_and_features_are_a_map(store: Store) -> None:
    row = embedded("1.wav")
    store.recordings.commit([row])
    score = dict.fromkeys(SCORES_SCHEMA.names) | {
        "candidate_id": row.recording.id,
        "features": [("gap", 0.25)],
    }
    store.scores.append(pa.Table.from_pylist([score], SCORES_SCHEMA))
    sql = "select path, features['gap'] from scores join recordings on candidate_id = id"
    assert query(store, sql).fetchall() == [("1.wav", 0.25)]


@pytest.mark.parametrize(
    "sql",
    [
        "from recordings",
        "with a as (select 1 as x) select x from a",
        "explain select 1",
        "describe recordings",
        "summarize failures",
        "summarize recordings",
        "show tables",
        "show all tables",
        "table recordings",
        "explain (format json) from recordings",
        "explain analyze from recordings",
        "values (1)",
        "select 1; -- the end",
    ],
)
def test_statements_that_read(filled: Store, sql: str) -> None:
    query(filled, sql)


def test_rows_stay_when_read_twice_and_after_the_store_changed(store: Store) -> None:
    store.recordings.commit([embedded("1.wav")])
    relation = query(store, "select path from recordings")
    store.recordings.commit([embedded("2.wav")])
    store.check(compact=True)
    assert relation.fetchall() == relation.fetchall() == [("1.wav",)]
    assert relation.to_arrow_table().num_rows == relation.pl().height == 1


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "selec 1",
        "select nope from recordings",
        "select * from nowhere",
        "select 1; select 2",
        "drop view recordings",
        "delete from recordings",
        "insert into failures values (1)",
        "create table t (i int)",
        "copy recordings to '{store}/copy.parquet'",
        "export database '{store}/copy'",
        "attach '{store}/copy.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma enable_profiling",
        "call pragma_version()",
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "select * from read_csv('/etc/passwd')",
        "select * from read_parquet('{store}/recordings/**/*.parquet')",
        "select cast(path as int) from recordings",
        "select * from local_variable",
        "explain analyze create table t as select 1",
        "explain analyze drop view recordings",
        "explain (analyze /*) select 1 --*/) create table t as select 1",
        "/* explain */ explain analyze create table t as select 1",
        "create macro f(x) as x",
        "create temp table t as select 1",
        "create secret (type s3)",
        "prepare p as from recordings",
        "execute p",
        "call enable_logging()",
        "call checkpoint()",
        "set variable a = 1",
        "reset threads",
        "pragma database_list",
        "pragma threads = 1",
        "use memory",
        "begin",
        "vacuum",
        "detach memory",
        "import database '{store}'",
        "update failures set path = 'x'",
        "merge into failures using failures f on true when matched then delete",
        "with a as materialized (insert into failures values (1)) from a",
        "from query('from read_text(''/etc/passwd'')')",
        "from query('copy (select 1) to ''{store}/copy.csv''')",
        "from query('set threads = 1')",
        "from query_table('/etc/passwd')",
        "from json_execute_serialized_sql(json_serialize_sql('from ''/etc/passwd'''))",
        "with a as (from read_blob('/etc/passwd')) from a",
        "describe '/etc/passwd'",
        "summarize '/etc/passwd'",
        "explain from read_text('/etc/passwd')",
        "explain analyze copy recordings to '{store}/copy.csv'",
        "from sniff_csv('/etc/passwd')",
        "from read_json('/etc/passwd')",
        "from read_text('.tmp/spilled')",
        "from read_text('{store}/spkret.json')",
        "from parquet_metadata('{store}/index/x.parquet')",
        "from parquet_schema('{store}/../x.parquet')",
        "from read_duckdb('{store}/x.db')",
        "from read_csv('/dev/stdin')",
        "from 'https://example.com/a.csv'",
        "from read_text('s3://bucket/key')",
        "from delta_scan('{store}/recordings')",
        "from start_ui()",
        "from duckdb_secrets()",
        "from enable_logging('QueryLog', storage = 'file', storage_path = '{store}/copy')",
        "from enable_profiling()",
        "from arrow_scan(null, null, null)",
        "from pandas_scan(1::bigint::pointer)",
        "from python_map_function((select 1), null)",
        "select getenv('HOME')",
        "select '\ud800'",
        "select $1",
        "select " + "(" * 20_000 + "1" + ")" * 20_000,
        "select 1" + " + 1" * 20_000,
        "select * from " + "(select * from " * 5_000 + "recordings" + ")" * 5_000,
        "select '" + "[" * 10_000 + "'::json",
        "select error('two\nlines')",
    ],
)
def test_anything_else_is_an_sql_error_in_one_line(filled: Store, sql: str) -> None:
    local_variable = pa.table({"x": [1]})
    with pytest.raises(SqlError) as error:
        query(filled, sql.format(store=filled.path))
    assert local_variable.num_rows == 1
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 700
    assert not list(filled.path.glob("copy*"))


@pytest.mark.parametrize("head", ["", "explain ", "explain analyze ", "/* */ explain analyze "])
def test_files_of_the_store_cannot_be_written_over(store: Store, head: str) -> None:
    store.recordings.commit([embedded("1.wav")])
    file = Path(store.recordings.delta.snapshot().files[0].path)
    before = file.read_bytes()
    with pytest.raises(SqlError):
        query(store, f"{head}copy (select 1) to '{file}'")
    assert file.read_bytes() == before


WORDS = ["select", "from", "recordings", "scores", "explain", "describe", "(", ")", "*", ",", ";"]
WORDS += ["'", '"', "--", "/*", "*/", "1", "path", "where", "=", "analyze", "with a as", "limit 1"]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=3)), max_size=12).map(" ".join))
def test_any_text_is_answered_or_refused_in_one_line(filled: Store, sql: str) -> None:
    assert "\n" not in refusal(filled, sql)


def refusal(store: Store, sql: str) -> str:
    try:
        query(store, sql)
    except SqlError as error:
        return str(error)
    return ""


def test_a_query_is_asked_again_where_files_vanish_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.recordings.commit([embedded("1.wav"), embedded("2.wav")])
    stale = [sql._views(store, "select")]
    store.forget(path="1.wav")
    newest = sql._views
    monkeypatch.setattr(sql, "_views", lambda *of: stale.pop() if stale else newest(*of))
    assert query(store, "select path from recordings").fetchall() == [("2.wav",)]
    assert not stale


def test_a_lost_file_is_told_without_its_path(store: Store) -> None:
    store.recordings.commit([embedded("1.wav")])
    lost = Path(store.recordings.delta.snapshot().files[0].path)
    lost.unlink()
    with pytest.raises(StoreError, match="a file of the store's tables is lost") as error:
        query(store, "select path from recordings")
    assert str(store.path) not in str(error.value)
    assert lost.name not in str(error.value)
