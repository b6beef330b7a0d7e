"""Embeddings, recordings, trials and scores to and from the files of other tools."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import opened

if TYPE_CHECKING:
    from ..interchange.kinds import Exported, Progress
    from .arguments import AnyStore


def export(
    store: "AnyStore",
    out: str | PathLike[str],
    what: str = "embeddings",
    *,
    format: str | None = None,
    key: str = "path",
    language: str | None = None,
    noise: str | None = None,
    where: str | None = None,
    progress: "Progress | None" = None,
) -> "Exported":
    """Write what a store holds into a file that other tools read.

    Parameters
    ----------
    out : the file; the ending of its name tells the format, unless `format` names it
    what : the kind, `embeddings` by default
    key : what names a recording: `path`, `id`, or `speaker-path` as Kaldi's utterance ids
    language, noise, where : filters of the recordings; `where` is a DuckDB SQL condition
    progress : called with the rows done and all rows

    Raises
    ------
    InterchangeError
        Nothing is selected, or it cannot be written in this format.
    UsageError
        There is no such kind, format or key.
    """
    from ..interchange.kinds import ExportOptions, exporter

    options = ExportOptions(format, key, language, noise, where, progress)
    return exporter(what)(opened(store), Path(out), options)
