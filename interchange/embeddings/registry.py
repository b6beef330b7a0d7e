"""Which format a file of embeddings is in, and reading and writing through it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ...errors import InterchangeError, UsageError
from ...store.arrays import Floats
from .base import EmbeddingFormat, Embeddings, Shape, check_unique, checked
from .delimited import Delimited
from .hdf5 import Hdf5
from .kaldi import Ark, Scp
from .npy import Npy
from .npz import Npz
from .parquet import Parquet
from .safe_tensors import SafeTensors

FORMATS: Sequence[EmbeddingFormat] = (
    Ark(),
    Scp(),
    Npz(),
    Npy(),
    Hdf5(),
    SafeTensors(),
    Delimited("csv", ","),
    Delimited("tsv", "\t"),
    Parquet(),
)


def format_of(path: Path, name: str | None = None) -> EmbeddingFormat:
    """Find a format by its name, or else by the ending of a file's name.

    Raises
    ------
    UsageError
        There is no such format, or the ending names none.
    """
    for form in FORMATS:
        if name == form.name or (name is None and path.name.lower().endswith(form.suffixes)):
            return form
    if name is not None:
        known = ", ".join(form.name for form in FORMATS)
        raise UsageError(f"expected a format of {known}, got {name!r}")
    endings = [suffix for form in FORMATS for suffix in form.suffixes]
    raise UsageError(
        f"expected a file name that ends in {', '.join(endings)}, got {path};"
        " rename it or give --format"
    )


def read_embeddings(path: Path, form: str | None = None) -> Embeddings:
    """Read a file of embeddings.

    Raises
    ------
    InterchangeError
        The file is damaged, or what it holds cannot be used.
    UsageError
        Its format cannot be told.
    """
    found = format_of(path, form)
    if not path.is_file():
        raise InterchangeError(f"expected a file of embeddings, got {path}, which is none")
    return checked(path, found.read(path))


def write_embeddings(
    path: Path, keys: Sequence[str], vectors: Floats, form: str | None = None
) -> tuple[Path, ...]:
    """Write embeddings (n, dimension) into a file; return the files written.

    Raises
    ------
    InterchangeError
        A key cannot be written, or there is nothing to write.
    UsageError
        The format cannot be told.
    """
    found = checked(path, Embeddings(list(keys), np.asarray(vectors, np.float32)))
    shape = Shape(found.keys, found.vectors.shape[1])
    return write_blocks(path, shape, [found.vectors], form)


def write_blocks(
    path: Path, shape: Shape, blocks: Iterable[Floats], form: str | None = None
) -> tuple[Path, ...]:
    """Write embeddings that come in blocks; see `write_embeddings`."""
    written_as = format_of(path, form)
    if not shape.keys:
        raise InterchangeError(f"expected embeddings to write into {path}, got none")
    check_unique(path, shape.keys)
    written_as.check_keys(shape.keys)
    path.parent.mkdir(parents=True, exist_ok=True)
    return written_as.write(path, shape, blocks)
