"""Which embedding belongs to which recording of a manifest."""

import posixpath
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..indexer.manifest import Manifest, collect
from ..indexer.manifests.finding import read_manifest
from ..indexer.manifests.kaldi import UTT2SPK, WAV_SCP, read_kaldi, read_utterances
from ..indexer.manifests.paths import Paths
from ..indexer.manifests.rows import Row, Rows
from ..store.schema import Recording

NO_FOLDER = Path("/")
"""Stands for the folder of audio where none is given: paths stay as they are written."""

KEY_COLUMNS = ("utterance", "key", "id")
"""Columns of a manifest, beside its paths, that keys are looked up in."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Which embedding each recording has.

    Parameters
    ----------
    rows : pairs of the number of a key and its recording, in the order of the keys
    without_row : the keys that name no recording
    without_key : the recordings that no key names
    """

    rows: Sequence[tuple[int, Recording]]
    without_row: Sequence[str]
    without_key: Sequence[Recording]


def listed(keys: Sequence[str], manifest: Path | None, audio_dir: Path | None) -> Manifest:
    """List the recordings of a manifest; without one, every key is the path of a recording.

    Raises
    ------
    ManifestError
        The manifest cannot be read.
    """
    folder = audio_dir or NO_FOLDER
    if manifest is None:
        rows = (Row(key, f"key {number}") for number, key in enumerate(keys, 1))
        return collect(rows, Paths(folder), "the keys")
    origin = manifest if audio_dir else None
    return collect(_rows(manifest), Paths(folder, origin), str(manifest))


def join(keys: Sequence[str], recordings: Sequence[Recording]) -> Joined:
    """Find the recording that each key names.

    A key may be a path as stored or in full, a value of one of `KEY_COLUMNS`, the end of a path (a
    file's name, say), and any of these less the file's ending. The first of these that names a
    single recording counts, longer ends before shorter ones; a recording is taken once.
    """
    found: dict[int, int] = {}
    taken: set[int] = set()
    depths = sorted({key.count("/") + 1 for key in keys}, reverse=True)
    for naming in (*_NAMINGS, *(_end(depth, cut) for depth in depths for cut in (False, True))):
        known = _unique(recordings, naming)
        for number, key in enumerate(keys):
            row = known.get(key, known.get(posixpath.normpath(key)))
            if number not in found and row is not None and row not in taken:
                found[number] = row
                taken.add(row)
    return Joined(
        rows=[(number, recordings[row]) for number, row in sorted(found.items())],
        without_row=[key for number, key in enumerate(keys) if number not in found],
        without_key=[one for row, one in enumerate(recordings) if row not in taken],
    )


def _rows(manifest: Path) -> Rows:
    folder = manifest.parent if manifest.name == WAV_SCP else manifest
    if (folder / UTT2SPK).is_file():
        return _utterances(folder)
    return read_manifest(manifest)


def _utterances(folder: Path) -> Iterator[Row]:
    """Read utterances with the file of each, where it is one; embeddings need no audio."""
    files: dict[str, Row] = {}
    if (folder / WAV_SCP).is_file() and not (folder / "segments").exists():
        rows = (row for row in read_kaldi(folder) if isinstance(row, Row))
        files = {row.extra["utterance"]: row for row in rows}
    yield from files.values()
    yield from (row for row in read_utterances(folder) if row.path not in files)


def _unique(
    recordings: Sequence[Recording], naming: Callable[[Recording], str]
) -> Mapping[str, int]:
    names = [naming(one) for one in recordings]
    count = Counter(names)
    return {name: row for row, name in enumerate(names) if name and count[name] == 1}


def _end(depth: int, cut: bool) -> Callable[[Recording], str]:
    """Name recordings by the last parts of their paths, `depth` of them, with the ending or not."""

    def name(one: Recording) -> str:
        end = "/".join(one.path.split("/")[-depth:])
        return posixpath.splitext(end)[0] if cut else end

    return name


def _column(name: str) -> Callable[[Recording], str]:
    return lambda one: one.extra.get(name, "")


_NAMINGS: Sequence[Callable[[Recording], str]] = (
    lambda one: one.path,
    lambda one: posixpath.join(one.root, one.path),
    *map(_column, KEY_COLUMNS),
    lambda one: posixpath.splitext(one.path)[0],
)
