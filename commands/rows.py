"""Rows to stdout, as table, CSV, JSON or Parquet, or into a file."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .output import print_json, print_table

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_FORMATS = (".csv", ".jsonl", ".parquet")


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


def check_rows_file(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file name whose ending names no format of `save_rows`: a callback of click."""
    if path is not None and path.suffix.lower() not in ROWS_FORMATS:
        raise click.BadParameter(f"expected a name in {', '.join(ROWS_FORMATS)}, got {path.name}")
    return path


def save_rows(rows: "pa.Table", path: Path) -> None:
    """Write a table into a file, its format by the ending of the name; lists become JSON in CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = path.suffix.lower()
    if ending == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(rows, path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if ending == ".csv":
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(rows.column_names)
            writer.writerows(
                [_csv_cell(value) for value in row.values()] for row in rows.to_pylist()
            )
        else:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows.to_pylist())


def _csv_cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


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
