"""Rows to stdout, as table, CSV, JSON or Parquet, or into a file."""

import csv
import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from .output import plain, print_json, print_table

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_FORMATS = (".csv", ".json", ".jsonl", ".parquet")

_MOST_SHOWN = 4


def write_rows(rows: "pa.Table", output_format: str) -> None:
    """Write a table to stdout as `table`, `csv`, `json` or `parquet`.

    `table` shows the first four values of a list or map and how many there are.
    """
    if output_format == "parquet":
        _write_parquet(rows)
    elif output_format == "json":
        print_json(_records(rows))
    elif output_format == "csv":
        _write_csv(rows, sys.stdout)
    elif rows.column_names == ["explain_key", "explain_value"]:
        click.echo("".join(rows["explain_value"].to_pylist()), nl=False)
    else:
        print_table(rows.column_names, zip(*map(_shown, rows.columns), strict=True))


def check_rows_file(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a file name whose ending names no format of `save_rows`: a callback of click."""
    if path is not None and path.suffix.lower() not in ROWS_FORMATS:
        raise click.BadParameter(f"expected a name in {', '.join(ROWS_FORMATS)}, got {path.name}")
    return path


def save_rows(rows: "pa.Table", path: Path) -> None:
    """Write a table into a file, its format by the ending of the name; a failure leaves the old.

    CSV holds lists and maps as JSON, nothing where a value is null, and `nan`. In `.jsonl`, one
    object a line, and `.json`, a list of them, what is not finite is null.
    """
    from ..store.files import replacing

    with replacing(path) as temporary:
        _save(rows, temporary, path.suffix.lower())


def _save(rows: "pa.Table", path: Path, ending: str) -> None:
    if ending == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(rows, path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if ending == ".csv":
            _write_csv(rows, file)
        elif ending == ".jsonl":
            file.writelines(f"{_json(record)}\n" for record in _records(rows))
        else:
            file.write(f"{_json(_records(rows))}\n")


def _records(rows: "pa.Table") -> list[dict[str, Any]]:
    return list(rows.to_pylist(maps_as_pydicts="strict"))


def _json(document: Any) -> str:
    return json.dumps(plain(document), ensure_ascii=False, allow_nan=False)


def _shown(column: "pa.ChunkedArray") -> list[Any]:
    """Make cells, lists and maps cut short: lists before they become long ones of Python's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type):
        return [at and f"{at:%Y-%m-%d %H:%M:%S}" for at in column.to_pylist()]
    if pa.types.is_map(column.type):
        maps = column.to_pylist(maps_as_pydicts="strict")
        return [each and _cut([f"{k} {_short(v)}" for k, v in each.items()]) for each in maps]
    if pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
        sizes = pc.list_value_length(column).to_pylist()
        heads = pc.list_slice(column, 0, _MOST_SHOWN, return_fixed_size_list=False).to_pylist()
        return [head and _cut(head, size) for head, size in zip(heads, sizes, strict=True)]
    return list(column.to_pylist())


def _cut(items: list[Any], size: int | None = None) -> list[Any]:
    total = len(items) if size is None else size
    rest = [f"… {total} values"] if total > _MOST_SHOWN else []
    return [*items[:_MOST_SHOWN], *rest]


def _short(value: object) -> object:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else value


def _csv_cell(value: object) -> object:
    return _json(value) if isinstance(value, list | dict) else value


def _write_parquet(rows: "pa.Table") -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    click.echo(sink.getvalue().to_pybytes(), nl=False)


def _write_csv(rows: "pa.Table", file: IO[str]) -> None:
    lines = [[_csv_cell(value) for value in record.values()] for record in _records(rows)]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows.column_names)
    writer.writerows(lines)
