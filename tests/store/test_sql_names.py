"""Functions of SQL over a store, and what each column means."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from builders import embedded
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from thoroughness import few

from spkret.errors import SqlError
from spkret.store.columns import COLUMNS, TABLES
from spkret.store.reading import quote
from spkret.store.schema import Embedded
from spkret.store.sql import query
from spkret.store.store import Store

Pair = npt.NDArray[np.float32]

PAIRS = arrays.arrays(
    np.float32,
    st.tuples(st.just(2), st.integers(1, 40)),
    elements=st.floats(-10, 10, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3),
).filter(lambda pair: bool(np.linalg.norm(pair, axis=1).min() > 1e-2))

NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=20
)


@pytest.fixture
def rows(store: Store) -> list[Embedded]:
    """Twelve stored rows, one of them under a path that two roots have."""
    rows = [embedded(f"{i}.wav") for i in range(10)]
    other = embedded("5.wav")
    rows.append(replace(other, recording=replace(other.recording, root="/other")))
    rows.append(embedded('it\'s {}; "a"\nb%ü.wav'))
    store.recordings.commit(rows)
    return rows


def values(row: Embedded) -> list[float]:
    return [float(value) for value in row.embedding]


@given(pair=PAIRS)
@few(12)
def test_cosine_is_that_of_numpy(store: Store, pair: Pair) -> None:
    a, b = (f"{[float(x) for x in row]}::float[]" for row in pair)
    [[found]] = query(store, f"select cosine({a}, {b})").fetchall()
    wide = pair.astype(np.float64)
    expected = wide[0] @ wide[1] / np.linalg.norm(wide[0]) / np.linalg.norm(wide[1])
    assert found == pytest.approx(expected, abs=1e-5)


def test_cosine_of_stored_rows_is_their_inner_product(store: Store, rows: list[Embedded]) -> None:
    sql = "select id, cosine(embedding, embedding_of('3.wav')) from recordings"
    found = dict(query(store, sql).fetchall())
    assert found == pytest.approx(
        {row.recording.id: float(row.embedding @ rows[3].embedding) for row in rows}, abs=1e-6
    )


@pytest.mark.parametrize(
    "call", ["cosine(null, [1.0])", "cosine([1.0], null)", "embedding_of(null)"]
)
def test_null_in_is_null_out(store: Store, call: str) -> None:
    assert query(store, f"select {call}").fetchall() == [(None,)]


def test_embeddings_of_two_lengths_are_refused(store: Store) -> None:
    with pytest.raises(SqlError, match="dimensions must be equal"):
        query(store, "select cosine([1.0], [1.0, 2.0])")


def test_a_row_is_named_by_path_by_id_and_by_id_as_text(store: Store, rows: list[Embedded]) -> None:
    for row in (rows[0], rows[11]):
        id_ = row.recording.id
        for name in (quote(row.recording.path), str(id_), f"'{id_}'"):
            assert query(store, f"select embedding_of({name})").fetchall() == [(values(row),)]


@pytest.mark.parametrize("argument", ["path", "r.path", "id", "id::varchar"])
def test_a_column_as_argument_is_that_of_the_asking_query(
    store: Store, rows: list[Embedded], argument: str
) -> None:
    called = f"embedding_of({argument})"
    sql = f"select id, {called} from recordings r where r.path <> '5.wav'"  # noqa: S608
    kept = [row for row in rows if row.recording.path != "5.wav"]
    expected = {row.recording.id: values(row) for row in kept}
    assert dict(query(store, sql).fetchall()) == expected


def test_tables_of_ones_own_are_not_mistaken_for_the_stores(
    store: Store, rows: list[Embedded]
) -> None:
    sql = "with recordings as (select 1 as id) select embedding_of('0.wav') from recordings"
    assert query(store, sql).fetchall() == [(values(rows[0]),)]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "argument", ["'nope.wav'", "'-1'", "7", "'1e3'", "''", "'99999999999999999999'"]
)
def test_what_no_recording_has_is_an_error(store: Store, argument: str) -> None:
    with pytest.raises(
        SqlError, match=r"expected a stored path or an id, got .*no recording has it"
    ):
        query(store, f"select embedding_of({argument})")


def test_a_path_of_two_roots_is_an_error_that_names_both(
    store: Store, rows: list[Embedded]
) -> None:
    with pytest.raises(SqlError) as error:
        query(store, "select embedding_of('5.wav')")
    for row in (rows[5], rows[10]):
        assert row.recording.root in str(error.value)
        assert str(row.recording.id) in str(error.value)
        found = query(store, f"select embedding_of({row.recording.id})").fetchall()
        assert found == [(values(row),)]


@given(name=NAMES)
@few(15)
def test_any_path_is_found_or_refused_in_one_line(store: Store, name: str) -> None:
    if not store.recordings.delta.count():
        store.recordings.commit([embedded("a.wav")])
    with pytest.raises(SqlError) as error:
        query(store, f"select embedding_of({quote(name)})")
    assert "no recording has it" in str(error.value)
    assert "\n" not in str(error.value)


def test_every_path_that_can_be_stored_is_found(store: Store) -> None:
    names = [
        "'",
        "''",
        "a\nb",
        "LINE 1: x",
        "ü/日本.wav",
        "{}",
        "%s",
        "\\",
        '"',
        "--",
        "; drop",
        "12",
    ]
    rows = [embedded(name) for name in names]
    store.recordings.commit(rows)
    for row in rows:
        sql = f"select embedding_of({quote(row.recording.path)})"
        assert query(store, sql).fetchall() == [(values(row),)]


def test_every_column_is_documented_and_every_documented_column_is_there(store: Store) -> None:
    schemas = {table.path.name: table.schema for table in store.tables}
    assert set(COLUMNS) == set(TABLES) == set(schemas)
    for name, schema in schemas.items():
        assert [column.name for column in COLUMNS[name]] == schema.names
        assert all(column.meaning for column in COLUMNS[name])


def test_units_in_names_are_the_documented_units() -> None:
    endings = {"_s": "s", "_hz": "Hz", "_db": "dB", "_bytes": "bytes", "probability": "0 to 1"}
    for column in (column for columns in COLUMNS.values() for column in columns):
        for ending, unit in endings.items():
            assert not column.name.endswith(ending) or column.unit == unit, column.name


@pytest.mark.parametrize("is_empty", [True, False])
def test_sql_tells_what_each_column_means(store: Store, is_empty: bool) -> None:
    if not is_empty:
        store.recordings.commit([embedded("1.wav")])
    sql = "select table_name, column_name, comment from duckdb_columns() where not internal"
    comments = {(table, column): text for table, column, text in query(store, sql).fetchall()}
    assert set(comments) == {(t, c.name) for t, columns in COLUMNS.items() for c in columns}
    assert comments["recordings", "f0_hz"].endswith("(Hz)")
    sql = "select view_name, comment from duckdb_views() where not internal"
    assert dict(query(store, sql).fetchall()) == TABLES


def test_types_are_the_same_with_and_without_rows(store: Store) -> None:
    before = query(store, "describe recordings").fetchall()
    store.recordings.commit([embedded("1.wav")])
    assert query(store, "describe recordings").fetchall() == before
    assert query(store, "show tables").fetchall() == [(name,) for name in sorted(COLUMNS)]
    summary = query(store, "summarize recordings").to_arrow_table()
    assert isinstance(summary, pa.Table)
    assert summary.num_rows == len(COLUMNS["recordings"])
