"""Commits to Delta tables: tried again on conflict, and told in one line when they fail."""

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ..errors import StoreError
from .reading import one_line, quote
from .remote import reason

if TYPE_CHECKING:
    from deltalake import WriterProperties

Result = TypeVar("Result")


class OutrunError(StoreError):
    """The version that is read is gone: another writer's maintenance cleared it away."""


_ROWS_A_GROUP = 512
_REPEATED = (
    *("root", "speaker", "gender", "age", "extra", "reason"),
    *("speaker_source", "language_source", "noise_source", "gender_source"),
)
_ATTEMPTS = 30
_LONGEST_PAUSE_S = 2.0


@contextmanager
def telling() -> Iterator[None]:
    """Say in one line why a table cannot be written.

    Raises
    ------
    StoreError
        The disk is full or may not be written, or a file is damaged; nothing of this commit is
        there.
    """
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        yield
    except CommitFailedError:
        raise
    except BaseException as error:
        # The Delta library panics on a full disk, past all that Python takes for an exception.
        if _is_of_object_store(error):
            raise StoreError(f"cannot write the store: {reason(error)}") from error
        if isinstance(error, DeltaError | OSError) or type(error).__name__ == "PanicException":
            text = one_line(error)
            raise StoreError(f"cannot write the store: {text}; {_advice(text)}") from error
        raise


def _advice(text: str) -> str:
    """Say what to do about what the Delta library said."""
    if "Parquet error" in text and "os error" not in text:
        return "a file of it is damaged: run spkret check --repair"
    return (
        "see that its disk has room and may be written, and run the command again: what was"
        " committed before is there"
    )


def _is_of_object_store(error: BaseException) -> bool:
    return isinstance(error, OSError) and re.search("Generic [A-Z]", str(error)) is not None


def retrying(operation: Callable[[], Result]) -> Result:
    """Run an operation again, after a random pause, while other writers defeat it.

    Raises
    ------
    StoreError
        Other writers came first every time, or the disk is full or may not be written.
    """
    from deltalake.exceptions import CommitFailedError

    for attempt in range(_ATTEMPTS):
        try:
            with telling():
                return operation()
        except (CommitFailedError, OutrunError) as error:
            conflict: Exception = error
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, 0.02 * 2**attempt)))  # noqa: S311
    raise StoreError(
        f"gave up after {_ATTEMPTS} conflicts with other writers: {one_line(conflict)}; try again"
    )


def writer_properties() -> "WriterProperties":
    """Parquet options: compressed, in row groups small enough that a row is read with few others.

    Dictionaries are for texts that repeat. The numbers in lists cannot be named here, so that
    without is the default.
    """
    from deltalake import ColumnProperties, WriterProperties

    return WriterProperties(
        compression="ZSTD",
        max_row_group_size=_ROWS_A_GROUP,
        default_column_properties=ColumnProperties(dictionary_enabled=False),
        column_properties=dict.fromkeys(_REPEATED, ColumnProperties(dictionary_enabled=True)),
    )


def in_cells(cells: Sequence[tuple[str, ...]], columns: Sequence[str], alias: str = "") -> str:
    """A SQL condition: the partition columns have one of these combinations of values."""
    return " OR ".join(
        "("
        + " AND ".join(f"{alias}{c} = {quote(v)}" for c, v in zip(columns, cell, strict=True))
        + ")"
        for cell in cells
    )
