"""A user's condition on recordings."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import SqlError
from .reading import one_line
from .sql import query

if TYPE_CHECKING:
    from .store import Store


def ids_where(
    store: "Store", where: str, *, memory_bytes: int | None = None
) -> npt.NDArray[np.int64]:
    """Return the ids of the recordings that fulfil a DuckDB SQL condition.

    It may ask whatever `store.sql.query` can: the other tables, `embedding_of` and `cosine`.

    Parameters
    ----------
    memory_bytes : what it may use; by default half of what the machine has

    Raises
    ------
    SqlError
        It is no condition on the recordings, or needs too much memory.
    """
    check_condition(where)
    # The line break ends a comment that the condition may end with.
    statement = f"SELECT id FROM recordings WHERE ({where}\n)"  # noqa: S608
    ids: npt.NDArray[np.int64] = (
        query(store, statement, memory_bytes=memory_bytes).to_arrow_table()["id"].to_numpy()
    )
    return ids


def check_condition(where: str) -> None:
    """Refuse what is no condition by itself, such as one that closes a parenthesis of ours.

    Raises
    ------
    SqlError
        It is none.
    """
    import duckdb

    try:
        parsed = duckdb.extract_statements(f"SELECT 1 WHERE {where}\n")
    except duckdb.Error as error:
        raise SqlError(f"cannot read rows where {where}: {one_line(error)}") from error
    if len(parsed) != 1:
        raise SqlError(f"expected one SQL condition, got {where}")
