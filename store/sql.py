"""SQL over a store: read-only, and near nothing but the store's own tables."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import SqlError, StoreError
from .reading import Snapshot, is_damage, locked, one_line, read_errors
from .sql_interrupt import run_interruptibly
from .sql_names import statements

if TYPE_CHECKING:
    import duckdb

    from .store import Store

_EXPLAIN = re.compile(r"\s*explain(?:\s+analyze)?(?:\s*\([\w\s,]*\))?\s", re.IGNORECASE)

_LONGEST_REASON = 600
_DAMAGED = "a file of the store's tables is lost or damaged; run spkret check --repair"
# `query_table('sco' || 'res')` and the like, and escapes inside of names.
_HIDING = ("query", "\\", "u&")


def query(
    store: "Store",
    sql: str,
    *,
    most_rows: int | None = None,
    memory_bytes: int | None = None,
) -> "duckdb.DuckDBPyRelation":
    """Run one query over the views `recordings`, `scores`, `trials` and `failures`.

    `store/columns.py` says what their columns are. `cosine(a, b)` compares two embeddings, and
    `embedding_of(x)` is that of a stored path or an id.

    Parameters
    ----------
    sql : one statement that only reads
    most_rows : keep the first rows only
    memory_bytes : what it may use, of which nothing is moved to disk; by default half of what the
        machine has, since the rows are often held a second time by who asked

    Returns
    -------
    relation : the rows, held in memory: `.to_arrow_table()`, `.pl()`, `.df()`, `.fetchall()`

    Raises
    ------
    SqlError
        The statement is not one query, DuckDB cannot run it, or it needs more memory.
    StoreError
        A file of the tables is lost or damaged.
    """
    import duckdb

    try:
        _check(sql)
        return _pinned(store, sql, most_rows, memory_bytes)
    except duckdb.OutOfMemoryException as error:
        raise SqlError("the query needs too much memory; ask for fewer rows or columns") from error
    except duckdb.Error as error:
        raise SqlError(f"the query failed: {_reason(error)}") from error


def _pinned(
    store: "Store", sql: str, most_rows: int | None, memory_bytes: int | None
) -> "duckdb.DuckDBPyRelation":
    """Ask the newest versions, and newer ones where files vanish meanwhile."""
    import duckdb

    views = _views(store, sql)
    while True:
        try:
            for table in store.tables:
                table.fetched(views[table.path.name])
            return _asked(_connected(views, memory_bytes), sql, most_rows)
        except (duckdb.IOException, duckdb.PermissionException, FileNotFoundError) as error:
            newest = _views(store, sql)
            # Forgetting and compaction may have removed the files of a version while it was read;
            # what is gone is not known as one of the files that may be read either.
            if newest == views and isinstance(error, duckdb.PermissionException):
                raise
            if newest == views:
                raise StoreError(_DAMAGED) from error
            views = newest
        except read_errors() as error:
            if is_damage(error, [file for view in views.values() for file in view.files]):
                raise StoreError(_DAMAGED) from error
            raise


def _views(store: "Store", sql: str) -> dict[str, Snapshot]:
    """Pin the tables; of a store at a URL, those that a statement cannot read are left empty."""
    return {
        table.path.name: table.snapshot()
        if table.copies is None or _may_read(sql.lower(), table.path.name)
        else Snapshot(-1, (), table.schema, table.partitions)
        for table in store.tables
    }


def _may_read(sql: str, name: str) -> bool:
    """Tell whether a statement names a table, or may put its name together."""
    needs = name in sql or any(sign in sql for sign in _HIDING)
    return needs or (name == "recordings" and "embedding_of" in sql)


def _connected(
    views: Mapping[str, Snapshot], memory_bytes: int | None
) -> "duckdb.DuckDBPyConnection":
    most = "50%" if memory_bytes is None else f"{memory_bytes}B"
    return locked(views, [f"SET memory_limit = '{most}'", *statements()])


def _asked(
    connection: "duckdb.DuckDBPyConnection", sql: str, most_rows: int | None
) -> "duckdb.DuckDBPyRelation":
    def rows() -> "duckdb.DuckDBPyRelation":
        relation = connection.sql(sql)
        return (relation if most_rows is None else relation.limit(most_rows)).materialize()

    return run_interruptibly(connection, rows)


def _check(sql: str) -> None:
    """Let one statement pass, by DuckDB's own reading of it, if it only reads."""
    kinds = _kinds(sql)
    explain = _EXPLAIN.match(sql)
    if kinds == ["EXPLAIN"] and explain:
        kinds = _kinds(sql[explain.end() :])
    if kinds != ["SELECT"]:
        found = ", ".join(kinds) or "nothing"
        raise SqlError(f"expected one SELECT statement, got {found}; the store is read-only")


def _kinds(sql: str) -> list[str]:
    import duckdb

    if not _is_utf8(sql):
        raise SqlError("expected a query in UTF-8")
    return [statement.type.name for statement in duckdb.extract_statements(sql)]


def _is_utf8(sql: str) -> bool:
    return sql == sql.encode("utf-8", "replace").decode()


def _reason(error: Exception) -> str:
    """Say in one line of bearable length why; what `error()` says is said as it is."""
    text = one_line(error).removeprefix("Invalid Input Error: ")
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …"
