"""Mend a store: what is broken is set aside in a folder of the store, never deleted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .audit import Findings, Mask, is_named, read_file
from .committing import in_cells, retrying
from .copies import Copies
from .delta import DeltaFolder
from .files import erase, replacing
from .reading import DataFile, Snapshot
from .recordings import CELL_COLUMNS, Cell, one_at_a_time

if TYPE_CHECKING:
    from .store import Store


def repair(store: "Store", findings: Findings) -> list[str]:
    """Mend what an audit found; say in one line each what was done. Only under exclusive lock.

    Recordings that were set aside are embedded again by the next `spkret index`.
    """
    aside = store.set_aside_path / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    done = [
        *_replace_logs(store, findings, aside),
        *_drop_damaged(store, findings, aside),
        *_drop_broken(store, findings, aside),
    ]
    for cell in findings.indexes:
        store.vectors.file(cell).remove()
        done.append(f"built the index of {'/'.join(cell)} again")
    if store.recordings.delta not in findings.unopened:
        store.vectors.refresh_unlocked()
    return done


def _replace_logs(store: "Store", findings: Findings, aside: Path) -> list[str]:
    """Put an empty log table in the place of a lost one; lost recordings need a person."""
    done = []
    for table in findings.unopened:
        if table is store.recordings.delta:
            continue
        if table.copies is not None:
            table.copies.set_aside(aside.relative_to(store.path).as_posix())
            erase(table.path)
        elif table.path.exists():
            _move(table.path, aside / table.path.name)
        table.create()
        done.append(f"set the table {table.path.name} aside and made an empty one")
    return done


def _drop_damaged(store: "Store", findings: Findings, aside: Path) -> list[str]:
    done = []
    for table, file in findings.damaged:
        if not is_named(table, file):
            continue
        if table.copies is not None and read_file(file, table.schema) is not None:
            _restore(table, table.copies, file)
            done.append(f"wrote {file.path} to {table.place} again")
        else:
            _set_aside(store, table, file, aside)
            done.append(f"set aside {file.path}")
    for table in {table.path: table for table, _ in findings.damaged}.values():
        _forget_missing(table)
    return done


def _restore(table: DeltaFolder, copies: Copies, file: DataFile) -> None:
    """Write a copy to the URL, but not what another machine erases there meanwhile."""
    copies.restore(file)
    if not is_named(table, file):
        copies.delete(file)


def _set_aside(store: "Store", table: DeltaFolder, file: DataFile, aside: Path) -> None:
    path = Path(file.path)
    if path.exists():
        target = aside / table.path.name / path.relative_to(table.path)
        _move(path, target)
        store.publish(target.relative_to(store.path).as_posix())
    if table.copies is not None:
        table.copies.delete(file)


def _forget_missing(table: DeltaFolder) -> None:
    retrying(lambda: table.handle().repair())


def _drop_broken(store: "Store", findings: Findings, aside: Path) -> list[str]:
    """Write the partitions of broken rows anew without them, each in one transaction."""
    done = []
    for cell in sorted({file.cell for file in findings.broken}):
        target = aside / "recordings" / f"{'-'.join(cell)}.parquet"
        name = target.relative_to(store.path).as_posix()
        dropped = retrying(partial(_drop_from_cell, store, findings.broken, cell, target))
        done.append(f"set aside {dropped} rows of {'/'.join(cell)} in {store.place}/{name}")
    return done


def _drop_from_cell(
    store: "Store", broken: Mapping[DataFile, Mask], cell: Cell, target: Path
) -> int:
    """Write the broken rows of a partition to a file, and then the partition without them."""
    table = store.recordings.delta
    handle = table.handle()
    good, bad = _split(table, table.snapshot_of(handle), broken, cell)
    with replacing(target) as temporary:
        pq.write_table(bad, temporary)
    store.publish(target.relative_to(store.path).as_posix())
    # Other writers' rows are kept: of two transactions on one version, one starts over.
    table.overwrite(handle, good, in_cells([cell], CELL_COLUMNS), one_at_a_time(handle))
    return int(bad.num_rows)


def _split(
    table: DeltaFolder, at: Snapshot, broken: Mapping[DataFile, Mask], cell: Cell
) -> tuple[pa.Table, pa.Table]:
    """Read a partition as its good and its broken rows."""
    schema = table.schema
    good, bad = [], []
    for file in table.fetched(at.within(dict(zip(CELL_COLUMNS, cell, strict=True)))).files:
        rows = read_file(file, schema)
        if rows is not None:
            mask = pa.array(broken.get(file, np.zeros(len(rows), bool)))
            bad.append(_with_cell(rows.filter(mask), cell, schema))
            good.append(_with_cell(rows.filter(pc.invert(mask)), cell, schema))
    return pa.concat_tables(good), pa.concat_tables(bad)


def _with_cell(rows: pa.Table, cell: Cell, schema: pa.Schema) -> pa.Table:
    for column, value in zip(CELL_COLUMNS, cell, strict=True):
        rows = rows.append_column(column, pa.array([value] * len(rows), pa.string()))
    return rows.select(schema.names)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
