"""`spkret demo`: the main job on the corpus that ships with spkret."""

import tempfile
from pathlib import Path

import click

from ..analysis.doctor import selftest
from ..errors import UsageError
from .base import Command, StorePlace, device_option
from .indexing import index
from .matching import query
from .reranking import evaluate, make_trials
from .storing import sql

CORPUS = selftest.CORPUS
COUNTS = "select language, noise, count(*) as files, count(distinct speaker) as speakers, \
sum(duration_s) as seconds from recordings group by all order by all"


@click.command(
    "demo",
    cls=Command,
    examples={
        "spkret demo": "in a fresh temporary folder, in about a minute",
        "spkret demo --out demo": "in ./demo, to look at the store afterwards",
    },
    see_also=("index", "make-trials", "evaluate", "query"),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for all that is written; by default a fresh temporary one.",
)
@click.option(
    "--store",
    "store_path",
    type=StorePlace(),
    help="Folder of the store, or its URL; by default OUT/store.",
)
@device_option
def demo(out: Path | None, store_path: Path | str | None, device: str) -> None:
    """Run the main job on synthetic voices that ship with spkret.

    Indexes 240 recordings, draws trials, evaluates, looks at the store by SQL, and finds one match.
    Every command is printed before it runs: try them on your own recordings.
    """
    if not CORPUS.is_dir():
        raise UsageError(f"expected the example corpus in {CORPUS}, found none; reinstall spkret")
    out = out or Path(tempfile.mkdtemp(prefix="spkret-demo-"))
    out.mkdir(parents=True, exist_ok=True)
    store, trials = store_path or out / "store", out / "trials.jsonl"
    _run(index, CORPUS, "--device", device, store=store)
    _run(make_trials, "--records", 200, "--group-size", 8, "--out", trials, store=store)
    _run(evaluate, trials, store=store)
    _run(sql, COUNTS, store=store)
    _find_match(trials, out / "group.txt", store)


def _find_match(trials: Path, group: Path, store: Path | str) -> None:
    """Query the first of the trials."""
    from ..rerank.trials import read_trials

    trial = read_trials(trials)[0]
    group.write_text("".join(f"{path}\n" for path in trial.group), encoding="utf-8")
    click.echo(f"\nThe first trial as a query; the labels say that the match is {trial.match}:")
    _run(query, trial.anchor, "--group", group, store=store)


def _run(command: click.Command, *arguments: object, store: Path | str) -> None:
    """Print a command as it would be typed, and run it."""
    words = [*map(str, arguments), "--store", str(store)]
    click.echo(f"\n$ spkret {command.name} {' '.join(map(_quoted, words))}")
    command.main(words, prog_name=f"spkret {command.name}", standalone_mode=False)


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
