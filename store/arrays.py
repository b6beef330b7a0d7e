"""Vectors out of Arrow columns, without copying where that can be."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import StoreError

Floats = npt.NDArray[np.float32]


def embeddings(table: pa.Table) -> Floats:
    """The embeddings of recordings: float32 (n, dimension), read-only, of unit length."""
    return lists(table, "embedding")


def lists(table: pa.Table, column: str) -> Floats:
    """Stack a column of lists of one length: float32 (n, length), read-only.

    A column in one chunk is not copied.

    Raises
    ------
    StoreError
        A list is null or of another length than the first, or holds a null.
    """
    chunks = [_stacked(chunk, column) for chunk in table[column].chunks if len(chunk)]
    if not chunks:
        return np.empty((0, 0), np.float32)
    if len({chunk.shape[1] for chunk in chunks}) > 1:
        raise StoreError(f"expected lists of one length in {column}; run spkret check --repair")
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def _stacked(chunk: pa.ListArray, column: str) -> Floats:
    values = chunk.flatten()
    length = len(values) // len(chunk)
    ends = chunk.offsets.to_numpy()
    if chunk.null_count or values.null_count or np.any(np.diff(ends) != length):
        raise StoreError(
            f"expected lists of one length in {column}, without nulls; run spkret check --repair"
        )
    stacked: Floats = values.to_numpy(zero_copy_only=True).reshape(len(chunk), length)
    return stacked
