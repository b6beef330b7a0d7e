"""`spkret sql`, `info`, `check` and `forget`: what is in the store."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from ..analysis.wording import counted
from .base import Command, Failed, json_option, store_option
from .output import print_facts, print_json

STORED = 'spkret sql "select speaker, path from recordings"'


@click.command(
    "sql",
    cls=Command,
    examples=[
        'spkret sql "select noise, count(*) from recordings group by 1"',
        'spkret sql "select * from failures" --format csv',
        'spkret sql "select path, embedding from recordings" --format parquet > embeddings.parquet',
    ],
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
@json_option
def sql(statement: str, store_path: Path, output_format: str, as_json: bool) -> None:
    """Run a read-only DuckDB query over recordings, scores, failures and trials."""
    from .. import api
    from .rows import write_rows

    if output_format == "parquet" and sys.stdout.isatty():
        raise click.UsageError("--format parquet writes bytes: send them to a file by > FILE")
    rows = api.sql(store_path, statement).to_arrow_table()
    write_rows(rows, "json" if as_json else output_format)


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
def info(store_path: Path, as_json: bool) -> None:
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
    examples=["spkret check", "spkret check --repair", "spkret check --compact"],
)
@store_option
@click.option("--repair", is_flag=True, help="Rebuild what can be rebuilt.")
@click.option(
    "--compact",
    is_flag=True,
    help="Merge small files and remove old ones: any Parquet reader then sees precisely the rows.",
)
@json_option
def check(store_path: Path, repair: bool, compact: bool, as_json: bool) -> None:
    """Check that the store is whole; exit with status 1 if it is not."""
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
    examples=["spkret forget --speaker anna", "spkret forget --path calls/0231.wav --yes"],
)
@store_option
@click.option("--speaker", help="Erase every recording of this speaker.")
@click.option("--path", help="Erase the recording with this stored path.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(
    store_path: Path, speaker: str | None, path: str | None, yes: bool, as_json: bool
) -> None:
    """Erase recordings for good: rows, vectors, scores, and the old files that held them.

    A reranker trained on this store is erased too, since it holds means of its speakers: train it
    again afterwards.
    """
    from .. import api
    from .progress import Working

    if (speaker is None) == (path is None):
        raise click.UsageError("expected one of --speaker and --path")
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("expected --yes where nobody can be asked; nothing was erased")
        click.confirm(f"Erase {speaker or path} for good?", abort=True, err=True)
    with Working("erasing"):
        erased = api.opened(store_path).forget(speaker=speaker, path=path)
    if not erased:
        raise Failed(
            f"expected a stored speaker or path, the store has no {speaker or path};"
            f" {STORED} shows what there is"
        )
    if as_json:
        print_json({"erased": erased})
    else:
        click.echo(f"{counted(erased, 'recording')} erased")
