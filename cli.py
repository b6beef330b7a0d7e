"""The command line: `spkret COMMAND`. Each command is options, one library call, print."""

import atexit
import os
import signal
import sys

import click

from . import __version__
from .commands import without_pandas
from .commands.auditing import audit
from .commands.base import Group
from .commands.completing import completion
from .commands.demo import demo
from .commands.diagnosing import doctor
from .commands.encoders import export_onnx, models
from .commands.exchanging import export, import_
from .commands.fusing import fuse_encoders
from .commands.identifying import identify
from .commands.indexing import index
from .commands.matching import query
from .commands.noting import log
from .commands.probing import probe
from .commands.reporting import report
from .commands.reranking import evaluate, make_trials, train_reranker
from .commands.serving import serve
from .commands.storing import check, forget, info, sql
from .commands.tagging import tag
from .commands.tagging_windows import tag_windows
from .commands.training import train_encoder
from .commands.verifying import verify

COMMANDS = (
    index,
    tag,
    tag_windows,
    query,
    verify,
    identify,
    make_trials,
    train_reranker,
    evaluate,
    train_encoder,
    fuse_encoders,
    export_onnx,
    export,
    import_,
    serve,
    sql,
    info,
    report,
    audit,
    probe,
    check,
    forget,
    log,
    models,
    doctor,
    demo,
    completion,
)


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Group, context_settings=SETTINGS)
@click.version_option(__version__, prog_name="spkret")
def cli() -> None:
    """Name the one file in a group that is spoken by the anchor's speaker, and say how sure."""


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line by itself, without pandas."""
    without_pandas.hide()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        cli()
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        if not _received:
            click.echo("Aborted!", err=True)
        sys.exit(_STATUS_TERMINATED if _received else 1)
    finally:
        _leave_obstore()


def _leave_obstore() -> None:
    """End the process at once where obstore was used through fsspec.

    Its threads may call into Python while that is taken down, which aborts a process that had done
    its work: one in ten on a busy machine.
    """
    ended = sys.exception()
    if "obstore.fsspec" not in sys.modules or not isinstance(ended, SystemExit):
        return
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


def _terminate(number: int, _frame: object) -> None:
    """End as by Ctrl-C, so that nothing unfinished is left; the status is the shells' own."""
    _received.append(number)
    click.echo("Terminated.", err=True)
    sys.exit(_STATUS_TERMINATED)


# What DuckDB raises in the place of what a signal raised in the middle of a query.
_INTERRUPTED = "Query interrupted"
_STATUS_TERMINATED = 128 + signal.SIGTERM
_received: list[int] = []


if __name__ == "__main__":
    main()
