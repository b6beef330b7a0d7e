"""The recordings of a store, with their tags, as a manifest."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .kinds import Exported, ExportOptions
from .lists.kaldi import write_kaldi
from .lists.lhotse import write_lhotse
from .lists.recordings import SEGMENT_FIELDS, Listed, listed
from .lists.tables import LABEL, TABLES
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
    notes = _left_out(form, recordings)
    return Exported("manifest", form, len(recordings), tuple(map(str, files)), notes)


def _left_out(form: str, recordings: Sequence[Listed]) -> tuple[str, ...]:
    """Say which of the manifest's further columns this form has no place for."""
    names = {name for one in recordings for name in one.extra}
    if form != "kaldi":
        labelled = any(LABEL in one.extra and "speaker" in one.tags for one in recordings)
        names &= SEGMENT_FIELDS | ({LABEL} if form == "nemo" and labelled else set())
    return (f"columns that {form} has no place for: {', '.join(sorted(names))}",) if names else ()
