"""Stored recordings as a manifest tells them: tags as they would be written."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import InterchangeError
from ...indexer.languages import primary_subtag
from ...store.schema import UNKNOWN_LANGUAGE, Noise, Seconds
from ..kinds import ExportOptions

if TYPE_CHECKING:
    from ...store.store import Store

TAGS = ("speaker", "language", "noise", "gender", "age")
SEGMENT_FIELDS = frozenset({"offset", "duration"})
"""Columns that would say which part of a file is meant: what is stored are whole files."""
_COLUMNS = ("id", "root", "path", *TAGS, "duration_s", "sample_rate_hz", "extra")
_UNKNOWN = {"language": UNKNOWN_LANGUAGE, "noise": Noise.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Listed:
    """One stored recording.

    Parameters
    ----------
    id : of the row
    path : under its root
    file : the absolute path
    tags : those of TAGS that are known, in that order, as a manifest would write them
    extra : the manifest's further columns
    duration_s, sample_rate_hz : None where the audio was never read
    """

    id: int
    path: str
    file: str
    tags: Mapping[str, str]
    extra: Mapping[str, str]
    duration_s: Seconds | None
    sample_rate_hz: int | None

    @property
    def further(self) -> Mapping[str, str]:
        """The manifest's further columns, less those that would make a part of the file of it."""
        return {name: text for name, text in self.extra.items() if name not in SEGMENT_FIELDS}


def listed(store: "Store", options: ExportOptions) -> list[Listed]:
    """List the recordings that pass the filters, by root and path.

    Raises
    ------
    InterchangeError
        None does.
    """
    rows = store.recordings.scan(
        _COLUMNS, language=options.language, noise=options.noise, where=options.where
    )
    found = sorted(map(_listed, rows.to_pylist()), key=lambda one: one.file)
    if not found:
        raise InterchangeError(f"expected recordings to export in {store.place}, none is selected")
    return found


def _listed(row: Mapping[str, Any]) -> Listed:
    extra: dict[str, str] = json.loads(row["extra"] or "{}")
    tags = dict(_tags(row, extra))
    return Listed(
        id=row["id"],
        path=row["path"],
        file=f"{row['root'].rstrip('/')}/{row['path']}",
        tags=tags,
        extra=extra,
        duration_s=row["duration_s"],
        sample_rate_hz=row["sample_rate_hz"],
    )


def _tags(row: Mapping[str, Any], extra: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the known tags; a word kept beside an unknown tag goes back to where it was read."""
    for name in TAGS:
        value = row[name] if row[name] != _UNKNOWN.get(name) else None
        kept = f"{name}_tag"
        if kept in extra and _stands_for(name, extra[kept], row[name]):
            value = extra.pop(kept)
        if value:
            yield name, str(value)


def _stands_for(name: str, written: str, stored: str | None) -> bool:
    """Tell whether a stored tag is what reading the kept word gives."""
    if name == "language":
        return primary_subtag(written) == stored
    return name in ("noise", "gender") and stored in (None, Noise.UNKNOWN)
