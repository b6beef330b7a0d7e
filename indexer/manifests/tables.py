"""Manifests that are tables: CSV, TSV, JSON lines (NeMo's form too) and Parquet."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ...errors import ManifestError
from .rows import BadRow, Row, Rows, bad_row, is_utf8
from .tags import COLUMNS
from .text import opened_text, suffix_of

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

    import pyarrow as pa

CSV_SUFFIXES = (".csv",)
TSV_SUFFIXES = (".tsv",)
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
PARQUET_SUFFIXES = (".parquet",)
_BATCH_ROWS = 1_024
_MOST_CELL_BYTES = 131_072
"""Of a text in Parquet; Python's own limit for a field of CSV."""
SUFFIXES = CSV_SUFFIXES + TSV_SUFFIXES + JSON_SUFFIXES + PARQUET_SUFFIXES


def read_table(path: Path) -> Rows:
    """Read the rows of a table, the form chosen by the suffix; text may be gzipped.

    Raises
    ------
    ManifestError
        The file cannot be opened, is of another form, or no column names the files.
    """
    suffix = suffix_of(path)
    if path.suffix.lower() in PARQUET_SUFFIXES:
        yield from _read_parquet(path)
    elif suffix in SUFFIXES and suffix not in PARQUET_SUFFIXES:
        yield from _read_text(path, suffix)
    else:
        raise ManifestError(
            f"expected a manifest that ends in {', '.join(SUFFIXES)}, or a Kaldi or Lhotse folder,"
            f" got {path}; rename or convert it"
        )


def _read_text(path: Path, suffix: str) -> Rows:
    with opened_text(path) as file:
        if suffix in JSON_SUFFIXES:
            yield from _read_json_lines(file, path)
        else:
            yield from _read_delimited(file, path, tabs=suffix in TSV_SUFFIXES)


def _read_delimited(file: TextIO, path: Path, *, tabs: bool) -> Rows:
    """Read CSV with quotes, or TSV as IANA defines it: no quotes (Common Voice writes it so)."""
    reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(file)
    header: Sequence[str] | None = None
    for where, fields in _records(reader):
        if header is None:
            if isinstance(fields, str):
                raise ManifestError(f"expected a header line in {path}, got {fields}")
            header = _header(fields, path)
        elif isinstance(fields, str):
            yield bad_row(where, fields)
        elif len(fields) != len(header):
            yield bad_row(
                where, f"expected {len(header)} fields as in the header, got {len(fields)}"
            )
        else:
            yield row_of(zip(header, fields, strict=True), where)
    if header is None:
        raise ManifestError(f"expected a header line in {path}, got an empty file")


def _records(reader: "CsvReader") -> Iterator[tuple[str, list[str] | str]]:
    """Yield where each record stands, and its fields, or what is wrong with it."""
    while True:
        start = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"line {start}", str(error)
            continue
        if fields:
            yield _where(start, reader.line_num), fields


def _where(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first}-{last} (one quoted row)"


def _header(fields: list[str], path: Path) -> list[str]:
    names = [field.strip() for field in fields]
    lowered = [name.lower() for name in names]
    if not set(lowered) & set(COLUMNS["path"]) or not all(map(is_utf8, names)):
        shown = ascii(", ".join(names))[:200]
        raise ManifestError(
            f"expected a column {' or '.join(COLUMNS['path'])} in {path}, got {shown};"
            " name the column of the files `path`"
        )
    twice = [name for name in set(names) if name and names.count(name) > 1]
    if twice:
        raise ManifestError(
            f"expected each column once in {path}, got {twice[0]!r} twice; drop one"
        )
    return names


def _read_json_lines(file: TextIO, path: Path) -> Rows:
    rows = [_json_row(line, f"line {n}") for n, line in enumerate(file, 1) if line.strip()]
    if not any(isinstance(row, Row) for row in rows):
        raise ManifestError(
            f"expected one JSON object a line in {path}, each with"
            f" {' or '.join(COLUMNS['path'])}, got {len(rows)} lines without"
        )
    cut = {row.path for row in rows if isinstance(row, Row) and _starts_later(row)}
    yield from (_segment(row) if row.path in cut else row for row in rows)


def _json_row(line: str, where: str) -> Row | BadRow:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return bad_row(where, "not JSON")
    if not isinstance(values, dict):
        return bad_row(where, f"expected a JSON object, got {type(values).__name__}")
    return row_of(((name, text_of(value)) for name, value in values.items()), where)


def _starts_later(row: Row) -> bool:
    """Tell whether a row is of a segment that does not begin where its file does."""
    try:
        return float(row.extra.get("offset", 0)) != 0
    except ValueError:
        return True


def _segment(row: Row | BadRow) -> BadRow:
    """Build the failure of a row that is, beside others of its file, one of segments."""
    if isinstance(row, BadRow):
        return row
    offset = row.extra.get("offset", "0")
    return bad_row(row.where, f"offset {offset} in {row.path}: segments are not read, cut the file")


def _read_parquet(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [f.name for f in file.schema_arrow if not _is_binary(f.type)]
            header = _header(names, path)
            texts = [f.name for f in file.schema_arrow if _is_text(f.type)]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            number = 0
            for batch in file.iter_batches(_BATCH_ROWS, columns=names):
                _check_cells(batch, path)
                for values in batch.to_pylist():
                    number += 1
                    pairs = zip(header, map(text_of, values.values()), strict=True)
                    yield row_of(pairs, f"row {number}")
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ManifestError(f"cannot read {path} as Parquet: {reason}") from error


def _is_binary(kind: object) -> bool:
    """Tell whether a column holds bytes, the audio itself mostly, which no manifest needs."""
    import pyarrow.types as types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_text(kind: object) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _check_cells(batch: "pa.RecordBatch", path: Path) -> None:
    """Refuse long texts while they are held once, and not once for each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in batch.columns:
        if isinstance(column, pa.DictionaryArray) and _is_text(column.type.value_type):
            longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
            if longest > _MOST_CELL_BYTES:
                raise ManifestError(
                    f"expected texts of at most {_MOST_CELL_BYTES} bytes in {path}, got one of"
                    f" {longest}"
                )


def text_of(value: object) -> str:
    """Write a value of JSON or Parquet as a manifest in text would."""
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def row_of(pairs: Iterable[tuple[str, str]], where: str) -> Row | BadRow:
    """Sort the fields of one row into the path, the tags and the rest."""
    values = {name: value.strip() for name, value in pairs if name and value.strip()}
    taken = _columns(values)
    tags = {column: values[name] for column, name in taken.items()}
    extra = {name: value for name, value in values.items() if name not in taken.values()}
    path = tags.pop("path", "")
    if not path:
        return bad_row(where, "no path")
    if not all(is_utf8(name) and is_utf8(value) for name, value in values.items()):
        return bad_row(where, "not UTF-8; save the manifest as UTF-8")
    if any(sign in path for sign in "\0\n\r"):
        return bad_row(where, "a path with a line break or NUL; is a quote not closed?")
    return Row(path, where, tags, extra)


def _columns(values: Mapping[str, str]) -> dict[str, str]:
    """Map each known column to the name it has here: the first alias that holds a value."""
    names = {name.lower(): name for name in reversed(list(values))}
    found = {}
    for column, aliases in COLUMNS.items():
        name = next((names[alias] for alias in aliases if alias in names), None)
        if name is not None:
            found[column] = name
    return found
