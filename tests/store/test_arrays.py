import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spkret.errors import StoreError
from spkret.store.arrays import embeddings, lists


@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5))), st.integers(1, 6))
def test_lists_round_trip(values: np.ndarray, cut: int) -> None:
    column = pa.chunked_array(
        [pa.array(list(part), pa.list_(pa.float32())) for part in (values[:cut], values[cut:])],
        pa.list_(pa.float32()),
    )
    table = pa.table({"embedding": column})
    np.testing.assert_array_equal(embeddings(table), values)
    np.testing.assert_array_equal(
        embeddings(table.slice(1)), values[1:] if len(values) > 1 else np.empty((0, 0))
    )


def test_one_chunk_is_not_copied() -> None:
    flat = pa.array(np.arange(6, dtype=np.float32))
    table = pa.table({"x": pa.ListArray.from_arrays(pa.array([0, 3, 6], pa.int32()), flat)})
    assert np.shares_memory(lists(table, "x"), flat.to_numpy())


@pytest.mark.parametrize(
    "values", [[[1.0], [1.0, 2.0, 3.0]], [[1.0], None], [[None], [1.0]], [[1.0, 2.0, 3.0], [4.0]]]
)
def test_ragged_or_null_lists_are_refused(values: list[object]) -> None:
    table = pa.table({"x": pa.array(values, pa.list_(pa.float32()))})
    with pytest.raises(StoreError, match="lists of one length in x"):
        lists(table, "x")


def test_chunks_of_different_length_are_refused() -> None:
    chunks = [
        pa.array([[1.0]], pa.list_(pa.float32())),
        pa.array([[1.0, 2.0]], pa.list_(pa.float32())),
    ]
    with pytest.raises(StoreError, match="one length"):
        lists(pa.table({"x": pa.chunked_array(chunks)}), "x")


def test_no_rows() -> None:
    assert lists(pa.table({"x": pa.array([], pa.list_(pa.float32()))}), "x").shape == (0, 0)
