"""Delete what a table is no longer made of: what is erased must be in no file."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .files import is_under_way

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from .delta import DeltaFolder

_COMMIT = re.compile(r"\d{20}\.json")


def purge(table: "DeltaFolder", *, forgetting: bool = False) -> None:
    """Delete every file that the newest version is not made of; only under exclusive lock.

    At a URL a file that no version was ever made of is one that a writer elsewhere may be about
    to commit: it is deleted once it is older than `UNNAMED_FILES_KEPT`.

    Checkpoints go as well: they are Parquet files that are no rows. And so does what a writer
    that was killed left half-written, which the library's own vacuum does not see.

    Parameters
    ----------
    forgetting : delete also what another process may be copying from the URL at present
    """
    table.change(partial(_vacuum, table))
    if table.copies is not None:
        found = table.snapshot().files
        table.copies.purge(found)
        _purge_folder(table, None, spared=None if forgetting else is_under_way)
        return
    log = table.path / "_delta_log"
    if not (log / f"{0:020}.json").exists():
        return
    _purge_folder(table, log)


def _vacuum(table: "DeltaFolder", handle: "DeltaTable") -> None:
    handle.vacuum(
        retention_hours=0,
        enforce_retention_duration=False,
        dry_run=False,
        full=table.copies is None,
    )


def _purge_folder(
    table: "DeltaFolder", log: Path | None, spared: Callable[[Path], bool] | None = None
) -> None:
    """Delete in the folder all but the commits and the files of the newest version."""
    rows = {Path(file.path) for file in table.snapshot().files}
    for file in table.path.rglob("*"):
        is_commit = file.parent == log and _COMMIT.fullmatch(file.name)
        is_kept = is_commit or file in rows or (spared is not None and spared(file))
        if file.is_file() and not is_kept:
            file.unlink(missing_ok=True)
