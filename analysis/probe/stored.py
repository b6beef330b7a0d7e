"""Features that are in the store already: embeddings, and acoustics."""

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pyarrow as pa

from ...store.arrays import embeddings, lists
from ...store.schema import RECORDINGS_SCHEMA, Acoustics
from ...store.store import Store
from .features import Features, Matrix
from .rows import ProbeRows

_ACOUSTICS = [each.name for each in fields(Acoustics) if each.name in RECORDINGS_SCHEMA.names]


def stored_embeddings(store: Store, rows: ProbeRows) -> Features:
    """Read the embeddings of recordings, as many columns as the encoder has."""
    table = store.recordings.scan(["id", "embedding"], ids=rows.ids)
    values = np.asarray(embeddings(table))
    return Features(numbered("embedding", values.shape[1]), values)


def stored_acoustics(store: Store, rows: ProbeRows) -> Features:
    """Read what the signal itself says: duration, SNR, band, pitch, spectrum."""
    table = store.recordings.scan(["id", *_ACOUSTICS], ids=rows.ids)
    parts = list(_acoustics(table))
    names = tuple(name for part, _ in parts for name in part)
    return Features(names, np.concatenate([values for _, values in parts], axis=1))


def numbered(name: str, count: int) -> tuple[str, ...]:
    """Name the columns of a vector: `embedding_007`."""
    width = len(str(count - 1))
    return tuple(f"{name}_{i:0{width}}" for i in range(count))


def _acoustics(table: pa.Table) -> Iterator[tuple[tuple[str, ...], Matrix]]:
    for name in _ACOUSTICS:
        if pa.types.is_list(table.schema.field(name).type):
            values = lists(table, name)
            yield numbered(name, values.shape[1]), values
        else:
            column = table[name].cast(pa.float32()).to_numpy()
            yield (name,), column.astype(np.float32)[:, None]
