"""Rows of a query to stdout: table, CSV, JSON or Parquet."""

import csv
import sys
from typing import TYPE_CHECKING

import click

from .output import print_json, print_table

if TYPE_CHECKING:
    import pyarrow as pa


def write_rows(rows: "pa.Table", output_format: str) -> None:
    """Write a table to stdout as `table`, `csv`, `json` or `parquet`."""
    if output_format == "parquet":
        _write_parquet(rows)
    elif output_format == "json":
        print_json(rows.to_pylist())
    elif output_format == "csv":
        _write_csv(rows)
    else:
        print_table(rows.column_names, (row.values() for row in rows.to_pylist()))


def _write_parquet(rows: "pa.Table") -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    click.echo(sink.getvalue().to_pybytes(), nl=False)


def _write_csv(rows: "pa.Table") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows.column_names)
    writer.writerows(list(row.values()) for row in rows.to_pylist())
