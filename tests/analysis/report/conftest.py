"""Stores to report on, made without audio."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from builders import labelled_table, matched_store

from spkret.store.scores import FAILURES_SCHEMA
from spkret.store.store import Store

Make = Callable[[pa.Table], Store]


@pytest.fixture(scope="session")
def table() -> pa.Table:
    """Twelve speakers of two languages with five recordings each."""
    return labelled_table(12, 5, spread=0.6)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda table: matched_store(tmp_path / "store", table)


@pytest.fixture
def failed() -> pa.Table:
    """Failed attempts: one file twice for two reasons, and one that was stored later."""
    rows = [
        {"root": "/audio", "path": "a.wav", "reason": "too short", "detail": "0.1 s"},
        {"root": "/audio", "path": "a.wav", "reason": "no speech", "detail": "silence"},
        {"root": "/audio", "path": "b.wav", "reason": "no speech", "detail": "hiss"},
        {"root": "/audio", "path": "c.wav", "reason": "cannot be decoded", "detail": "<b>&amp;"},
        {"root": "/audio", "path": "s0/0.wav", "reason": "no speech", "detail": "before"},
    ]
    return pa.Table.from_pylist(rows, FAILURES_SCHEMA)
