"""A user's condition on recordings, tried within limits."""

import numpy as np
import numpy.typing as npt

from ..store import conditions
from ..store.location import Place
from ..store.schema import Seconds
from ..store.store import Store
from .sandbox import MEMORY_BYTES, Sandbox

_LONGEST_S: Seconds = 10.0


def ids_where(sandbox: Sandbox, condition: str) -> npt.NDArray[np.int64]:
    """Return the ids of the recordings that fulfil a DuckDB SQL condition.

    Raises
    ------
    SqlError
        It is no condition on the recordings, or takes too long or too much memory.
    HTTPException
        503: too many are asked already.
    """
    return sandbox.run(_ids, condition, seconds=_LONGEST_S)


def _ids(store: Place, condition: str) -> npt.NDArray[np.int64]:
    return conditions.ids_where(Store.open(store), condition, memory_bytes=MEMORY_BYTES)
