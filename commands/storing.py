"""`spkret sql`, `info`, `check` and `forget`: what is in the store."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..analysis.wording import counted
from ..errors import SqlError
from .base import Command, Failed, json_option, store_option
from .output import note, print_facts, print_json
from .rows import check_rows_file, save_rows, write_rows

if TYPE_CHECKING:
    import pyarrow as pa

STORED = 'spkret sql "select speaker, path from recordings"'


@click.command(
    "sql",
    cls=Command,
    context_settings={"ignore_unknown_options": True},  # a statement may begin with a comment
    examples={
        'spkret sql "select noise, count(*) from recordings group by 1"': "count",
        'spkret sql "select * from failures" --format csv': "rows for a spreadsheet",
        "spkret sql \"select path, cosine(embedding, embedding_of('a.wav')) from recordings "
        'order by 2 desc limit 10"': "the nearest neighbours of a stored recording",
        'spkret sql "select path, embedding from recordings" --out rows.parquet': "into a file",
        "spkret sql - < query.sql": "a longer query",
        'spkret sql "describe scores"': "the columns of a table",
    },
    see_also=("docs/sql.md", "docs/analyses.md", "export"),
)
@click.argument("statement")
@store_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
    help="How the rows are written to stdout.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=check_rows_file,
    metavar="FILE",
    help="Write the rows into a .csv, .json, .jsonl or .parquet file instead.",
)
@json_option
def sql(
    statement: str, store_path: Path | str, output_format: str, out: Path | None, as_json: bool
) -> None:
    """Run a read-only DuckDB query over recordings, scores, failures and trials.

    STATEMENT may be - for stdin. cosine(a, b) compares two embeddings, and embedding_of(x) is that
    of a stored path or an id. Nothing but the store can be read, and nothing can be written.
    """
    from .. import api

    if as_json:
        output_format = "json"
    if out is not None and output_format != "table":
        raise click.UsageError("expected one of --out, whose ending is the format, and --format")
    if output_format == "parquet" and sys.stdout.isatty():
        raise click.UsageError("--format parquet writes bytes: send them to a file by --out FILE")
    if statement == "-":
        statement = sys.stdin.read()
    rows = api.sql(store_path, statement)
    with _one_line():
        _give(rows.to_arrow_table(), output_format, out)


def _give(rows: "pa.Table", output_format: str, out: Path | None) -> None:
    if out is None:
        write_rows(rows, output_format)
    else:
        save_rows(rows, out)
        note(f"{counted(rows.num_rows, 'row')} in {out}")


@contextmanager
def _one_line() -> Iterator[None]:
    """Say in one line that a value is none that Python, or the format, has."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OverflowError, TypeError) as error:
        raise SqlError(f"cannot write these values; cast them to varchar: {error}") from error


@click.command(
    "info",
    cls=Command,
    examples={
        "spkret info": "the store in ./spkret-store",
        "spkret info --store ./calls --json": "another one, for a program",
    },
    see_also=("check", "audit", "sql", "docs/store-format.md"),
)
@store_option
@json_option
def info(store_path: Path | str, as_json: bool) -> None:
    """Say what is in the store, and which reranker serves it.

    Recordings, speakers, languages, noise conditions, hours, where tags came from, how fresh the
    search indexes are; then the reranker: what it was trained on, its own figures there, from
    cross-validation, and the features that count most.
    """
    from .. import api
    from .describing import print_reranker, reranker_of

    store = api.opened(store_path)
    facts, reranker = asdict(store.info()), reranker_of(store)
    if as_json:
        print_json(facts | {"reranker": reranker})
        return
    print_facts(facts)
    click.echo()
    print_reranker(reranker, store.encoder.name)


@click.command(
    "check",
    cls=Command,
    examples={
        "spkret check": "only look",
        "spkret check --repair": "mend what can be mended",
        "spkret check --compact": "so that plain Parquet readers see precisely the rows",
    },
    see_also=("info", "doctor", "docs/store-format.md"),
    fails_if="the store is not whole",
)
@store_option
@click.option("--repair", is_flag=True, help="Rebuild what can be rebuilt.")
@click.option(
    "--compact",
    is_flag=True,
    help="Merge small files and remove old ones: any Parquet reader then sees precisely the rows.",
)
@json_option
def check(store_path: Path | str, repair: bool, compact: bool, as_json: bool) -> None:
    """Check that the store is whole.

    Reads every table and index, and says what is damaged, missing or doubled. With --repair, what
    can be rebuilt is; rows that cannot be kept are set aside, not deleted.
    """
    from .. import api
    from .progress import Working

    with Working("checking"):
        report = api.opened(store_path).check(repair=repair, compact=compact)
    if as_json:
        print_json(report)
    else:
        print_facts(asdict(report))
    if not report.ok:
        problems = counted(len(report.problems), "problem")
        raise Failed(f"{problems} in {store_path}; try: spkret check --repair")


@click.command(
    "forget",
    cls=Command,
    examples={
        "spkret forget --speaker anna": "asks before it erases",
        "spkret forget --path calls/0231.wav --yes": "one recording, without asking",
    },
    see_also=("sql", "check", "docs/store-format.md"),
)
@store_option
@click.option("--speaker", help="Erase every recording of this speaker.")
@click.option("--path", help="Erase the recording with this stored path.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(
    store_path: Path | str, speaker: str | None, path: str | None, yes: bool, as_json: bool
) -> None:
    """Erase a speaker or a recording from the store for good.

    Rows, embeddings, scores, and the old files that held them go. A reranker trained on this store
    is erased too, since it holds means of its speakers, and so is the threshold of verify: make
    them again afterwards. The audio files themselves are not touched. Recordings that stay although
    they hold the same audio are named.
    """
    from .. import api
    from .progress import Working

    if (speaker is None) == (path is None):
        raise click.UsageError("expected one of --speaker and --path")
    store = api.opened(store_path)
    copies = store.copies(speaker=speaker, path=path)
    for copy in copies:
        note(f"the same audio stays stored as {copy}; spkret forget --path {shlex.quote(copy)}")
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("expected --yes where nobody can be asked; nothing was erased")
        click.confirm(f"Erase {speaker or path} for good?", abort=True, err=True)
    with Working("erasing"):
        erased = store.forget(speaker=speaker, path=path)
    if not erased:
        raise Failed(
            f"expected a stored speaker or path, the store has no {speaker or path};"
            f" {STORED} shows what there is"
        )
    if as_json:
        print_json({"erased": erased, "copies": copies})
    else:
        click.echo(f"{counted(erased, 'recording')} erased")
