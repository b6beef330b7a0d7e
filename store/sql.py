"""SQL over a store: read-only, and near nothing but the store's own tables."""

from typing import TYPE_CHECKING

from ..errors import SqlError
from .reading import locked, one_line

if TYPE_CHECKING:
    import duckdb

    from .store import Store


def query(store: "Store", sql: str) -> "duckdb.DuckDBPyRelation":
    """Run one query over the views `recordings`, `scores`, `trials` and `failures`.

    Returns
    -------
    relation : the rows, held in memory: `.to_arrow_table()`, `.pl()`, `.df()`, `.fetchall()`

    Raises
    ------
    SqlError
        The statement is not one query, or DuckDB cannot run it.
    """
    import duckdb

    try:
        _check(sql)
        views = {table.path.name: table.snapshot() for table in store.tables}
        return locked(views).sql(sql).materialize()
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
