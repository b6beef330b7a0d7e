"""Rows of SQL as JSON holds them."""

import base64
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..errors import SqlError
from ..store import sql
from ..store.schema import Seconds

if TYPE_CHECKING:
    import duckdb

    from ..store.store import Store

MOST_ROWS = 10_000
LONGEST_S: Seconds = 30.0
MEMORY_BYTES = 2 << 30
_SAFE = 2**53 - 1


def answer(store: "Store", statement: str) -> dict[str, Any]:
    """Run one SELECT statement over a store's tables.

    Raises
    ------
    SqlError
        It is something else, fails, or needs too much time or memory.
    """
    relation = sql.query(
        store,
        statement,
        timeout_s=LONGEST_S,
        most_rows=MOST_ROWS + 1,
        memory_bytes=MEMORY_BYTES,
    )
    columns = zip(relation.columns, relation.types, strict=True)
    rows = _rows(relation)
    return {
        "columns": [{"name": name, "type": str(kind)} for name, kind in columns],
        "rows": rows[:MOST_ROWS],
        "truncated": len(rows) > MOST_ROWS,
    }


def plain(value: Any) -> Any:
    """Turn what DuckDB gives into what JSON, read by a browser, holds without loss.

    Whole numbers beyond ±(2^53 - 1), decimals and UUIDs become strings, times ISO 8601, bytes
    Base64, what is not finite None.
    """
    match value:
        case None | bool() | str():
            return value
        case Decimal() if value.is_finite() and value == value.to_integral_value():
            return plain(int(value))
        case int():
            return value if -_SAFE <= value <= _SAFE else str(value)
        case float():
            return value if math.isfinite(value) else None
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return str(value)


def _rows(relation: "duckdb.DuckDBPyRelation") -> list[list[Any]]:
    """Read the rows column by column: two columns may have one name."""
    import duckdb
    import pyarrow as pa

    try:
        columns = [column.to_pylist() for column in relation.to_arrow_table().columns]
    except (duckdb.Error, pa.ArrowException, ValueError, OverflowError) as error:
        raise SqlError(
            f"expected values that JSON can hold, got others; cast them to varchar: {error}"
        ) from error
    return [[plain(value) for value in row] for row in zip(*columns, strict=True)]
