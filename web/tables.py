"""Rows of SQL as JSON holds them."""

import base64
import json
import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import SqlError
from ..store import sql
from ..store.location import Place
from ..store.schema import Seconds
from ..store.store import Store
from .sandbox import MEMORY_BYTES, Sandbox

if TYPE_CHECKING:
    import duckdb

MOST_ROWS = 10_000
MOST_BYTES = 32 << 20
LONGEST_S: Seconds = 30.0
_SAFE = 2**53 - 1
_ROWS_AT_ONCE = 64


def answer(sandbox: Sandbox, statement: str) -> bytes:
    """Run one SELECT statement over a store's tables, and write the rows as JSON.

    Raises
    ------
    SqlError
        It is something else, fails, or needs too much time or memory.
    HTTPException
        503: too many are asked already.
    """
    return sandbox.run(_answered, statement, seconds=LONGEST_S)


def _answered(store: Place, statement: str) -> bytes:
    relation = sql.query(
        Store.open(store), statement, most_rows=MOST_ROWS + 1, memory_bytes=MEMORY_BYTES
    )
    columns = [
        {"name": name, "type": str(kind)}
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    rows, is_whole = _fitting(_rows(relation))
    head, end = _json({"columns": columns})[:-1], _json(not is_whole)
    return b'%s,"rows":[%s],"truncated":%s}' % (head, b",".join(rows), end)


def _fitting(rows: Iterator[list[Any]]) -> tuple[list[bytes], bool]:
    """Write rows as long as the answer takes them; say whether these are all."""
    kept: list[bytes] = []
    left = MOST_BYTES
    for row in islice(rows, MOST_ROWS):
        written = _json(row)
        left -= len(written) + 1
        if left < 0:
            return kept, False
        kept.append(written)
    return kept, next(rows, None) is None


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


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


def _rows(relation: "duckdb.DuckDBPyRelation") -> Iterator[list[Any]]:
    """Read the rows column by column: two columns may have one name."""
    import duckdb
    import pyarrow as pa

    try:
        for batch in relation.to_arrow_table().to_batches(_ROWS_AT_ONCE):
            columns = [column.to_pylist() for column in batch.columns]
            yield from ([plain(value) for value in row] for row in zip(*columns, strict=True))
    except (duckdb.Error, pa.ArrowException, ValueError, OverflowError) as error:
        raise SqlError(
            f"expected values that JSON can hold, got others; cast them to varchar: {error}"
        ) from error
