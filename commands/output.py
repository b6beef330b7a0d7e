"""Printing: JSON documents, tables and notes."""

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import click

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_ONE_LINE = {code: repr(chr(code))[1:-1] for code in _CONTROLS}
"""Written out, so that a row stays a line and no name can drive the terminal."""


def print_json(document: Any) -> None:
    """Print one JSON document: mappings, dataclasses, NumPy scalars; what is not finite is null."""
    click.echo(json.dumps(plain(document), ensure_ascii=False, indent=2, allow_nan=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: drawn on a terminal, else aligned plain text with two blanks between columns.

    Parameters
    ----------
    columns : the headings
    rows : cells; numbers stand to the right, a float gets three decimals, None a dash
    """
    table = [list(row) for row in rows]
    numeric = [all(_is_number(row[i]) for row in table) for i in range(len(columns))]
    cells = [[_cell(value).translate(_ONE_LINE) for value in row] for row in table]
    if sys.stdout.isatty():
        _print_drawn(columns, cells, numeric)
    else:
        _print_plain(columns, cells, numeric)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print `name  value` lines, aligned."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        click.echo(f"{name:<{width}}  {_cell(value).translate(_ONE_LINE)}")


def note(message: str) -> None:
    """Print one line for the person at the terminal, on stderr."""
    click.echo(message, err=True)


def percent(probability: float | None) -> str:
    """Write a probability in percent."""
    return "unknown" if probability is None else f"{100 * probability:.1f} %"


def print_contributions(answer: Mapping[str, Any], most: int = 10) -> None:
    """Print what moved a score, the strongest first, beside the values that did."""
    columns = ("feature", "value", "contribution")
    strongest = list(answer["contributions"].items())[:most]
    print_table(columns, ((name, answer["features"][name], part) for name, part in strongest))


def note_warnings(result: Mapping[str, Any]) -> None:
    """Print the `warnings` of a result on stderr."""
    for warning in result.get("warnings", ()):
        note(f"warning: {warning}")


def _print_drawn(columns: Sequence[str], cells: list[list[str]], numeric: Sequence[bool]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name, is_number in zip(columns, numeric, strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def _print_plain(columns: Sequence[str], cells: list[list[str]], numeric: Sequence[bool]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in [list(columns), *cells]:
        parts = [
            text.rjust(width) if is_number else text.ljust(width)
            for text, width, is_number in zip(row, widths, numeric, strict=True)
        ]
        click.echo("  ".join(parts).rstrip())


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) or "none"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    """Tell whether a cell stands to the right: a number, written out or not, or nothing."""
    if isinstance(value, str):
        return value.replace(".", "", 1).isdecimal()
    return value is None or (
        isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    )


def plain(value: Any) -> Any:
    """Turn a value into JSON's own types; what is not finite becomes None."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, Decimal):  # as SQL sums whole numbers
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
