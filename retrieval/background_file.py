"""A background on disk: within a reranker's folder, and as a store's cache."""

import contextlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np

from .normalize import Background

_FIELDS = ("mean", "cells", "cell_means", "cohort", "cohort_names", "cohort_noises")
_FORMAT = "2"


def to_bytes(background: Background, key: str = "") -> bytes:
    """Write a background as NumPy's npz; `key` names what it was fitted to."""
    buffer = io.BytesIO()
    arrays = {field: getattr(background, field) for field in _FIELDS}
    np.savez(buffer, **arrays, key=np.array(f"{_FORMAT}:{key}"))
    return buffer.getvalue()


def from_bytes(data: bytes, key: str = "") -> Background | None:
    """Read a background; None if the data is damaged or was fitted to something else."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            if str(arrays["key"]) != f"{_FORMAT}:{key}":
                return None
            return Background(*(arrays[field] for field in _FIELDS))
    # A damaged archive may ask for encryption or for methods that nobody wrote it with.
    except (ValueError, KeyError, OSError, EOFError, RuntimeError, zipfile.BadZipFile):
        return None


def read(path: Path, key: str) -> Background | None:
    """Read a cached background; None if it is missing, damaged or stale."""
    try:
        return from_bytes(path.read_bytes(), key)
    except OSError:
        return None


def write(path: Path, background: Background, key: str) -> None:
    """Cache a background, whole or not at all; a store that cannot be written stays without."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        draft.write_bytes(to_bytes(background, key))
        draft.replace(path)
