"""Score with a saved LightGBM model through its C library.

Importing the `lightgbm` package costs two seconds, so queries load only the shared library that it
ships, and the model from its text form.
"""

import ctypes
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionalDependencyError, RerankerError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_FLOAT32 = 0
_RAW_SCORE = 1
_CONTRIBUTIONS = 3
_ROWS_WORTH_THREADS = 2_000
_LIBRARIES = ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll")


class Booster:
    """A LightGBM model in memory.

    Parameters
    ----------
    model : LightGBM's text format

    Raises
    ------
    RerankerError
        The text is no LightGBM model.
    OptionalDependencyError
        LightGBM is not installed.
    """

    def __init__(self, model: str) -> None:
        self._handle = ctypes.c_void_p()
        self._library = _library()
        iterations = ctypes.c_int()
        self._call(
            "LGBM_BoosterLoadModelFromString",
            model.encode(),
            ctypes.byref(iterations),
            ctypes.byref(self._handle),
        )
        columns = ctypes.c_int()
        self._call("LGBM_BoosterGetNumFeature", self._handle, ctypes.byref(columns))
        self.columns = columns.value

    def __del__(self) -> None:
        if self._handle:
            self._library.LGBM_BoosterFree(self._handle)

    def scores(self, matrix: Floats) -> Doubles:
        """Compute the raw score of each row: float32 (n, columns) to float64 (n,)."""
        return self._predict(matrix, _RAW_SCORE, 1)[:, 0]

    def contributions(self, matrix: Floats) -> Doubles:
        """Compute each column's SHAP value for each row, and the bias: float64 (n, columns + 1)."""
        return self._predict(matrix, _CONTRIBUTIONS, self.columns + 1)

    def _predict(self, matrix: Floats, kind: int, width: int) -> Doubles:
        if matrix.ndim != 2 or matrix.shape[1] != self.columns:
            raise RerankerError(
                f"expected a matrix of {self.columns} columns, got shape {matrix.shape};"
                " compute the features that this reranker was trained on"
            )
        rows = np.ascontiguousarray(matrix, np.float32)
        result = np.empty((len(rows), width))
        written = ctypes.c_int64()
        threads = b"num_threads=1" if len(rows) < _ROWS_WORTH_THREADS else b""
        self._call(
            "LGBM_BoosterPredictForMat",
            self._handle,
            rows.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(_FLOAT32),
            ctypes.c_int32(len(rows)),
            ctypes.c_int32(self.columns),
            ctypes.c_int(1),  # row-major
            ctypes.c_int(kind),
            ctypes.c_int(0),  # from the first tree
            ctypes.c_int(-1),  # to the last
            threads,
            ctypes.byref(written),
            result.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        )
        return result

    def _call(self, function: str, *arguments: object) -> None:
        if getattr(self._library, function)(*arguments) != 0:
            reason = self._library.LGBM_GetLastError().decode()
            raise RerankerError(f"LightGBM refused its model ({reason}); train the reranker again")


@cache
def _library() -> Any:
    """Load LightGBM's shared library without importing the package."""
    package = importlib.util.find_spec("lightgbm")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        for path in (
            Path(folder) / place / name for place in ("lib", "bin") for name in _LIBRARIES
        ):
            if path.exists():
                library = ctypes.CDLL(str(path))
                library.LGBM_GetLastError.restype = ctypes.c_char_p
                return library
    raise OptionalDependencyError("reranking needs LightGBM: pip install lightgbm")
