"""What `spkret export` writes: each kind is one module with one function `export`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..store.store import Store

KINDS: Mapping[str, str] = {
    "embeddings": "export_embeddings",
    "manifest": "export_manifest",
    "trials": "export_trials",
    "scores": "export_scores",
}
"""Each kind, and the module of this package whose `export` writes it."""


Progress = Callable[[int, int], None]
"""Called with how many rows are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to write, and which recordings; a kind passes over what does not concern it.

    Parameters
    ----------
    format : by its name; by default told from the ending of the file's name
    key : what names a recording: `path`, `id` or `speaker-path`
    language, noise, where : filters of the recordings; `where` is a DuckDB SQL condition, of trials
        and scores on their own columns
    progress : told how far it is
    """

    format: str | None = None
    key: str = "path"
    language: str | None = None
    noise: str | None = None
    where: str | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Attributes
    ----------
    what : the kind
    format : by its name
    rows : how many were written
    files : those written, the one asked for first
    notes : what to know about them, in plain words
    """

    what: str
    format: str
    rows: int
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


Exporter = Callable[["Store", Path, ExportOptions], Exported]


def exporter(what: str) -> Exporter:
    """Find the function that writes a kind.

    Raises
    ------
    UsageError
        There is no such kind.
    """
    if what not in KINDS:
        raise UsageError(f"expected one of {', '.join(KINDS)} to export, got {what!r}")
    function: Exporter = import_module(f".{KINDS[what]}", __package__).export
    return function
