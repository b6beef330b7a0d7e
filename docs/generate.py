"""Write the generated pages of docs/: `python docs/generate.py [--check | --demo]`.

`cli.md` is the help of every command, `features.md` the table of the reranker's features, `sql.md`
the columns of the store's tables. With `--check` nothing is written, and the exit status is 1 if a
page differs from what would be. With `--demo` the output of `spkret demo` is written into the
README.
"""

import re
import subprocess
import sys
from pathlib import Path

import click
import duckdb
import pyarrow as pa

from spkret.cli import cli
from spkret.rerank.features import FEATURES, Feature
from spkret.store.columns import COLUMNS, TABLES
from spkret.store.schema import RECORDINGS_SCHEMA
from spkret.store.scores import FAILURES_SCHEMA, SCORES_SCHEMA, TRIALS_SCHEMA

DOCS = Path(__file__).parent
SCHEMAS = {
    "recordings": RECORDINGS_SCHEMA,
    "scores": SCORES_SCHEMA,
    "trials": TRIALS_SCHEMA,
    "failures": FAILURES_SCHEMA,
}
SQL_NOTES = (DOCS / "sql-notes.md").read_text(encoding="utf-8").rstrip()
FEATURE_NOTES = (DOCS / "features-notes.md").read_text(encoding="utf-8").rstrip()


def command_line_page() -> str:
    """Render the help of spkret and of every command, in the order of `spkret --help`."""
    root = click.Context(cli, info_name="spkret", terminal_width=88, **cli.context_settings)
    parts = ["# The command line\n", "Written by `docs/generate.py` from `--help`.\n", block(root)]
    for name, command in cli.commands.items():
        context = click.Context(command, parent=root, info_name=name)
        parts += [f"## {name}\n", block(context)]
    return "\n".join(parts)


def block(context: click.Context) -> str:
    """Render one command's help as a code block."""
    return f"```text\n{context.get_help()}\n```\n"


def features_page() -> str:
    """Render the table of the reranker's features."""
    parts = [
        "# Features of the reranker\n",
        "Written by `docs/generate.py` from `rerank/feature_table.py`. One row of these describes",
        "a candidate, given the anchor and the group. What is unknown is NaN, never zero. *up* and",
        "*down*: a larger value may only raise, or only lower, the score.\n",
        "| feature | unit | range | meaning | may only move the score | source |",
        "| --- | --- | --- | --- | --- | --- |",
        *map(feature_row, FEATURES),
        *("", FEATURE_NOTES),
    ]
    return "\n".join(parts) + "\n"


def feature_row(feature: Feature) -> str:
    """Render one row of the table of features."""
    way = {1: "up", -1: "down", 0: ""}[feature.monotone]
    cells = (f"`{feature.name}`", feature.unit, feature.range, feature.doc, way, feature.source)
    return f"| {' | '.join(cells)} |"


def sql_page() -> str:
    """Render what `spkret sql` knows: the notes, and the columns of each table."""
    parts = [
        "# SQL over a store\n",
        "Written by `docs/generate.py` from `docs/sql-notes.md` and `store/columns.py`.\n",
        SQL_NOTES,
    ]
    for name in TABLES:
        parts += ["", f"## `{name}`\n", f"{TABLES[name].capitalize()}.\n", *columns_table(name)]
    return "\n".join(parts) + "\n"


def columns_table(name: str) -> list[str]:
    """Render the columns of one table."""
    types = column_types(SCHEMAS[name])
    rows = [f"| `{c.name}` | {types[c.name]} | {c.unit} | {c.meaning} |" for c in COLUMNS[name]]
    return ["| column | type | unit | meaning |", "| --- | --- | --- | --- |", *rows]


def column_types(schema: pa.Schema) -> dict[str, str]:
    """Name the types that SQL knows the columns by."""
    empty = duckdb.connect().from_arrow(schema.empty_table())
    return dict(zip(empty.columns, map(str, empty.types), strict=True))


def main(check: bool) -> int:
    """Write the pages, or compare them; returns the exit status."""
    pages = {
        "cli.md": command_line_page(),
        "features.md": features_page(),
        "sql.md": sql_page(),
    }
    stale = [name for name, text in pages.items() if not up_to_date(DOCS / name, text)]
    for name in stale:
        if check:
            print(f"docs/{name} is stale; run: make docs")
        else:
            (DOCS / name).write_text(pages[name], encoding="utf-8")
    return 1 if check and stale else 0


def write_demo() -> None:
    """Run the demo, and show its output between the marks of the README."""
    command = [sys.executable, "-m", "spkret.cli", "demo", "--out", "demo"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    readme = DOCS.parent / "README.md"
    marks = r"(<!-- demo -->\n).*?(<!-- end of demo -->)"
    output = run.stdout.replace(f"{DOCS.parent}/", "")
    output = "\n".join(line.rstrip() for line in output.split("\n"))
    shown = f"\\1```text\n$ make demo\n{output}```\n\\2"
    readme.write_text(re.sub(marks, shown, readme.read_text(), flags=re.DOTALL), encoding="utf-8")


def up_to_date(path: Path, text: str) -> bool:
    """Say whether a page holds precisely this text."""
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    if "--demo" in sys.argv[1:]:
        write_demo()
    sys.exit(main("--check" in sys.argv[1:]))
