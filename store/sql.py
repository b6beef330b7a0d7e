"""SQL over a store: read-only, and near nothing but the store's own tables."""

from typing import TYPE_CHECKING

from ..errors import SqlError
from .reading import locked, one_line
from .schema import Seconds
from .sql_deadline import deadline

if TYPE_CHECKING:
    import duckdb

    from .store import Store


def query(
    store: "Store",
    sql: str,
    *,
    timeout_s: Seconds | None = None,
    most_rows: int | None = None,
    memory_bytes: int | None = None,
) -> "duckdb.DuckDBPyRelation":
    """Run one query over the views `recordings`, `scores`, `trials` and `failures`.

    Parameters
    ----------
    sql : one statement that only reads
    timeout_s : stop it after this time
    most_rows : keep the first rows only
    memory_bytes : what it may use, of which nothing is moved to disk; by default half of what the
        machine has, since the rows are often held a second time by who asked

    Returns
    -------
    relation : the rows, held in memory: `.to_arrow_table()`, `.pl()`, `.df()`, `.fetchall()`

    Raises
    ------
    SqlError
        The statement is not one query, DuckDB cannot run it, or it needs more time or memory.
    """
    import duckdb

    try:
        _check(sql)
        views = {table.path.name: table.snapshot() for table in store.tables}
        connection = locked(views, memory_bytes)
        with deadline(connection, timeout_s):
            rows = connection.sql(sql)
            return (rows if most_rows is None else rows.limit(most_rows)).materialize()
    except duckdb.OutOfMemoryException as error:
        raise SqlError("the query needs too much memory; ask for fewer rows or columns") from error
    except duckdb.Error as error:
        raise SqlError(f"the query failed: {one_line(error)}") from error


def _check(sql: str) -> None:
    """Let one statement pass, by DuckDB's own reading of it, if it only reads."""
    import duckdb

    statements = duckdb.extract_statements(sql)
    reading = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    if len(statements) != 1 or statements[0].type not in reading:
        kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise SqlError(f"expected one SELECT statement, got {kinds}; the store is read-only")
