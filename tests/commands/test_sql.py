"""`spkret sql`: what comes in, what goes out."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from spkret.commands.rows import save_rows, write_rows

Run = Callable[..., Result]

ODD = """
select sum(size_bytes) as bytes, [1.5, null, 'inf'::float] as list, map {'a': 1} as map,
    null as nothing, 'nan'::float as nan, timestamptz '2026-01-02 03:04:05Z' as at,
    'ä"' || chr(10) || '日本' as text
from recordings
"""
PLAIN = {
    "list": [1.5, None, None],
    "map": {"a": 1},
    "nothing": None,
    "nan": None,
    "at": "2026-01-02 03:04:05+00:00",
    "text": 'ä"\n日本',
}


def test_statement_from_stdin(run: Run, store: Path) -> None:
    rows = run("sql", "-", "--store", store, "--json", stdin=ODD).stdout
    [row] = json.loads(rows)
    assert isinstance(row.pop("bytes"), int)
    assert row == PLAIN


@pytest.mark.parametrize("ending", [".json", ".jsonl", ".JSON"])
def test_out_as_json(run: Run, store: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / "new" / f"rows{ending}"
    result = run("sql", ODD, "--store", store, "--out", out)
    assert result.stdout == ""
    assert result.stderr == f"1 row in {out}\n"
    document = json.loads(out.read_text("utf-8"))
    row = document if ending == ".jsonl" else document[0]
    assert {key: row[key] for key in PLAIN} == PLAIN


def test_out_as_csv_is_what_stdout_gets(run: Run, store: Path, tmp_path: Path) -> None:
    run("sql", ODD, "--store", store, "--out", tmp_path / "rows.csv")
    text = (tmp_path / "rows.csv").read_bytes().decode()
    assert text == run("sql", ODD, "--store", store, "--format", "csv").stdout
    [row] = csv.DictReader(text.splitlines(keepends=True))
    assert json.loads(row["list"]) == PLAIN["list"]
    assert json.loads(row["map"]) == PLAIN["map"]
    assert (row["nothing"], row["nan"], row["text"]) == ("", "nan", PLAIN["text"])


def test_out_as_parquet_keeps_values_and_types(run: Run, store: Path, tmp_path: Path) -> None:
    sql = "select path, embedding, indexed_at from recordings order by id"
    out = tmp_path / "rows.parquet"
    run("sql", sql, "--store", store, "--out", out)
    rows = pq.read_table(out)
    assert rows.num_rows == 240
    assert rows.schema.field("embedding").type == pa.list_(pa.float32())
    again = json.loads(run("sql", sql, "--store", store, "--json").stdout)
    assert [row["path"] for row in again] == rows["path"].to_pylist()
    assert [row["embedding"] for row in again] == rows["embedding"].to_pylist()


@pytest.mark.parametrize("more", [["--json"], ["--format", "csv"]])
def test_out_and_another_format_contradict(
    run: Run, store: Path, tmp_path: Path, more: list[str]
) -> None:
    run("sql", "select 1", "--store", store, "--out", tmp_path / "a.csv", *more, status=2)
    run("sql", "select 1", "--store", store, "--out", tmp_path / "a.xlsx", status=2)
    assert not list(tmp_path.glob("a.*"))


def test_a_table_does_not_flood_the_terminal(run: Run, store: Path) -> None:
    sql = "select embedding, [1, 2] as short, map {'a': 1.5e0} as map, indexed_at from recordings"
    heading, *lines = run("sql", sql, "--store", store).stdout.splitlines()
    assert len(lines) == 240
    assert heading.split() == ["embedding", "short", "map", "indexed_at"]
    assert all(len(line) < 110 and re.search(r", … \d+ values  ", line) for line in lines)
    assert all("  1, 2   a 1.500  20" in line for line in lines)


@pytest.mark.parametrize("output_format", ["table", "csv", "json"])
@pytest.mark.parametrize("value", ["'infinity'::timestamp", "'-infinity'::date", "map {[1]: 2}"])
def test_values_that_python_does_not_have_are_one_line(
    run: Run, store: Path, value: str, output_format: str
) -> None:
    sql = ("sql", f"select {value} as x", "--store", store, "--format", output_format)
    result = run(*sql, status=1)
    assert result.stdout == ""
    assert "cast them to varchar" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl"])
def test_an_error_leaves_the_file_that_is_there(
    run: Run, store: Path, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"old.{ending}"
    out.write_text("kept")
    statement = "select map([['a']], [1]) as m, 'infinity'::timestamp as t"
    run("sql", statement, "--store", store, "--out", out, status=1)
    assert out.read_text() == "kept"
    assert list(tmp_path.glob(".old*")) == []


def test_lists_of_a_fixed_length(run: Run, store: Path) -> None:
    sql = "select array_value(1, 2, 3) as a, array_value(1, 2, 3, 4, 5) as b"
    lines = run("sql", sql, "--store", store).stdout.splitlines()
    assert lines[1] == "1, 2, 3  1, 2, 3, 4, … 5 values"


def test_explain_is_printed_as_it_is(run: Run, store: Path) -> None:
    lines = run("sql", "explain from failures", "--store", store).stdout.splitlines()
    assert len({len(line) for line in lines}) == 1


def test_lists_that_are_null_or_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: dict[str, list[Any]] = {"a": [None, [], [1.0]], "b": [None, {}, {"x": None}]}
    types = {"a": pa.list_(pa.float32()), "b": pa.map_(pa.string(), pa.int64())}
    table = pa.table({name: pa.array(rows[name], types[name]) for name in rows})
    write_rows(table, "table")
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["a", "b"],
        ["-", "-"],
        ["none", "none"],
        ["1.000", "x", "-"],
    ]
    save_rows(table, tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert list(map(json.loads, lines))[1:] == [{"a": [], "b": {}}, {"a": [1.0], "b": {"x": None}}]


def test_a_statement_may_begin_with_a_comment(run: Run, store: Path) -> None:
    result = run("sql", "-- how many\nselect 41 + 1 as n", "--store", store, "--format", "csv")
    assert result.stdout == "n\n42\n"
    assert run("sql", "select 1", "--fromat", "csv", "--store", store, status=2).stdout == ""


def test_a_row_is_a_line_whatever_it_holds(run: Run, store: Path) -> None:
    result = run("sql", "select 'a\nb\tc' as text, 1 as n", "--store", store)
    assert result.stdout.splitlines() == ["text     n", "a\\nb\\tc  1"]
    result = run("sql", "select chr(27) || '[31m' || chr(155) as text", "--store", store)
    assert result.stdout == "text\n\\x1b[31m\\x9b\n"
