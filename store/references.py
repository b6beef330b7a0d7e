"""What a user calls a recording by, and which recording that is."""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ..errors import AmbiguousRecordingError, UnknownRecordingError
from .files import absolute
from .naming import Naming
from .recordings import RecordingsTable
from .remote import has_file
from .urls import is_url

Reference = str | int | Path
File = str | Path
"""A path, or a URL, which is a text."""

_ID_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Resolved:
    """A reference and what it names: the `id` of a stored recording, or else a `file`.

    Both are None where it names neither and the caller allows for that.
    """

    reference: Reference
    id: int | None
    file: File | None


def resolve(
    recordings: RecordingsTable, references: Sequence[Reference], *, missing_ok: bool = False
) -> list[Resolved]:
    """Find the recordings that references name: an id, a stored path or a file, in that order.

    A file is a path or a URL; one that is stored resolves to its row. With `missing_ok`, a
    reference that names nothing is returned as such.

    Raises
    ------
    UnknownRecordingError
        A reference names no stored recording and no file.
    AmbiguousRecordingError
        It names paths under two roots, or a stored path and another file on disk.
    """
    known = _Known(recordings, references)
    return [_resolve(reference, known, missing_ok) for reference in references]


class _Known:
    """The stored rows that references may name, found together for each kind of name."""

    def __init__(self, recordings: RecordingsTable, references: Sequence[Reference]) -> None:
        ids = {number for each in references if (number := _as_id(each)) is not None}
        names = {_utf8(str(each)) for each in references if not isinstance(each, int)}
        stored = Naming(recordings.delta, recordings.finder)
        self.ids = stored.ids(ids)
        self.by_path: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for row in stored.paths(names):
            self.by_path[row.path].append((row.full, row.id))
        others = names - self.by_path.keys()
        files = {file for name in others for file in _absolute(name)}
        self.by_file = {row.full: row.id for row in stored.files(files)}


def _resolve(reference: Reference, known: _Known, missing_ok: bool) -> Resolved:
    try:
        return _resolve_known(reference, known)
    except UnknownRecordingError:
        if missing_ok:
            return Resolved(reference, None, None)
        raise


def _resolve_known(reference: Reference, known: _Known) -> Resolved:
    number = _as_id(reference)
    if number in known.ids:
        return Resolved(reference, number, None)
    if isinstance(reference, int):
        raise UnknownRecordingError(f"no recording has the id {reference}; see: spkret sql")
    return _resolve_name(reference, str(reference), known)


def _resolve_name(reference: Reference, name: str, known: _Known) -> Resolved:
    stored = known.by_path.get(_utf8(name), [])
    on_disk = os.path.isfile(name)  # noqa: PTH113 - thousands of them
    if len(stored) > 1 or (stored and on_disk and not _is_same(stored[0][0], Path(name))):
        _raise_ambiguous(name, [full for full, _ in stored], on_disk)
    if stored:
        return Resolved(reference, stored[0][1], None)
    for full in _absolute(_utf8(name)):
        if full in known.by_file:
            return Resolved(reference, known.by_file[full], None)
    if on_disk:
        return Resolved(reference, None, Path(name))
    if is_url(name) and has_file(name):
        return Resolved(reference, None, absolute(name))
    raise UnknownRecordingError(
        f"expected an id, a stored path or an audio file, got {name!r}; index it, or mend the name"
    )


def _raise_ambiguous(name: str, stored: list[str], on_disk: bool) -> NoReturn:
    named = [f"the stored {full}" for full in sorted(stored)]
    if on_disk and not any(_is_same(full, Path(name)) for full in stored):
        named.append(f"the file {absolute(name)}")
    raise AmbiguousRecordingError(f"{name!r} names {' and '.join(named)}; give its id or full path")


def _as_id(reference: Reference) -> int | None:
    if isinstance(reference, str) and reference.isascii() and reference.isdigit():
        reference = int(reference[:_ID_DIGITS])
    is_id = isinstance(reference, int) and 0 <= reference < 2**63
    return int(reference) if is_id and isinstance(reference, int) else None


def _absolute(name: str) -> list[str]:
    """Spell a path or URL as it may be stored: as it is given, and with links followed."""
    return [absolute(name)] if is_url(name) else [absolute(name), os.path.realpath(name)]


def _is_same(full: str, file: Path) -> bool:
    try:
        return file.samefile(full)
    except OSError:
        return os.path.realpath(full) == os.path.realpath(file)


def _utf8(name: str) -> str:
    """Replace what no stored path can hold, so that a name with it is found nowhere."""
    return name.encode("utf-8", "replace").decode()
