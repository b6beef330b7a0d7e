"""A user's condition on recordings, tried within a time limit."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..store import sql
from ..store.schema import Seconds

if TYPE_CHECKING:
    from ..store.store import Store

_LONGEST_S: Seconds = 10.0


def ids_where(store: "Store", condition: str) -> npt.NDArray[np.int64]:
    """Return the ids of the recordings that fulfil a DuckDB SQL condition.

    Raises
    ------
    SqlError
        It is no condition on the recordings, or takes too long.
    """
    # The line break ends a comment that the condition may end with.
    statement = f"SELECT id FROM recordings WHERE ({condition}\n)"  # noqa: S608
    found = sql.query(store, statement, timeout_s=_LONGEST_S).to_arrow_table()
    ids: npt.NDArray[np.int64] = found["id"].to_numpy()
    return ids
