"""The recordings of a store, with their tags, as a manifest."""

from pathlib import Path
from typing import TYPE_CHECKING

from .kinds import Exported, ExportOptions
from .lists.kaldi import write_kaldi
from .lists.lhotse import write_lhotse
from .lists.recordings import listed
from .lists.tables import TABLES
from .lists.texts import form_of

if TYPE_CHECKING:
    from ..store.store import Store

_FOLDERS = {"kaldi": write_kaldi, "lhotse": write_lhotse}


def export(store: "Store", out: Path, options: ExportOptions) -> Exported:
    """Write the recordings that pass the filters, their paths absolute.

    `out` is a file for `csv`, `tsv`, `jsonl`, `parquet` and `nemo`, gzipped where it ends in `.gz`,
    and a folder for `kaldi` and `lhotse`. Indexed again, it gives the same tags.

    Raises
    ------
    InterchangeError
        None is selected, or one cannot be written in this format.
    UsageError
        There is no such format.
    """
    form = form_of(out, options.format, [*TABLES, *_FOLDERS])
    recordings = listed(store, options)
    files: tuple[Path, ...] = (out,)
    if form in _FOLDERS:
        files = _FOLDERS[form](out, recordings)
    else:
        TABLES[form](out, recordings)
    return Exported("manifest", form, len(recordings), tuple(map(str, files)))
