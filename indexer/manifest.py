"""Read the recordings of a folder: from a manifest, a Kaldi data folder, or folder names."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..errors import ManifestError
from ..store.schema import Failure, Recording, TagSource
from .manifests.finding import LISTS, local_manifest, own_manifest, read_manifest
from .manifests.folders import read_folders
from .manifests.paths import Paths
from .manifests.rows import BadRow, Row, Rows, printable
from .manifests.tags import read_tags
from .places import Folder, Place, place_of
from .reasons import Reason

FOUND_TAGS = ("speaker", "language", "noise", "gender", "age")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The recordings of a folder, the rows that name none, and how many have each tag.

    `origin` is the file the list was read from, or `folders`. `found` maps each of `FOUND_TAGS` to
    a count of recordings; 0 is a tag that is missing altogether. `doubts` says in plain words what
    the list leaves open.
    """

    root: str
    origin: str
    recordings: list[Recording]
    failures: list[Failure]
    found: Mapping[str, int]
    doubts: Sequence[str] = ()


def read_recordings(place: Place | Path | str, manifest: Path | str | None = None) -> Manifest:
    """List the recordings under a folder, or at a URL.

    Parameters
    ----------
    place
        Where relative paths belong to; its real path, or the URL, becomes the `root` of every row.
    manifest
        A path or a URL: a table (CSV, TSV, JSON lines, Parquet), a Kaldi data folder or its
        wav.scp, or a Lhotse manifest or a folder of them. Without it, the one that lies in the
        folder is used (see `manifests.finding.own_manifest`), else the folders' names.

    Raises
    ------
    ManifestError
        There is no such folder, the manifest is none, or it names no file at all.
    """
    place = place_of(place) if isinstance(place, Path | str) else place
    if isinstance(place, Folder):
        place.check()
    if manifest is not None:
        with local_manifest(manifest) as file:
            return _listed(read_manifest(file), place, manifest)
    with place.lists(LISTS) as folder:
        own = own_manifest(folder)
        if own is None:
            return _listed(read_folders(place, folder), place, None)
        return _listed(read_manifest(own), place, place.at(own.name))


def _listed(rows: Rows, place: Place, origin: Path | str | None) -> Manifest:
    listed = collect(rows, Paths(place, origin), str(origin or "folders"))
    if not listed.recordings and not listed.failures:
        raise ManifestError(f"expected recordings in {origin or place.at('')}, found none")
    return listed


def collect(rows: Rows, paths: Paths, origin: str) -> Manifest:
    """Turn the rows of a manifest into recordings of a folder."""
    recordings, failures, doubts = _collect(rows, paths)
    return Manifest(
        root=paths.root,
        origin=origin,
        recordings=recordings,
        failures=failures,
        found=found_tags(recordings),
        doubts=doubts,
    )


def found_tags(recordings: Sequence[Recording]) -> Mapping[str, int]:
    """Count the recordings that have each of `FOUND_TAGS`."""
    found = {name: sum(_has(one, name) for one in recordings) for name in FOUND_TAGS}
    return MappingProxyType(found)


def _collect(rows: Rows, paths: Paths) -> tuple[list[Recording], list[Failure], list[str]]:
    """Turn rows into recordings, failures and doubts; the first row of a path wins."""
    recordings, failures = [], []
    first: dict[str, str] = {}
    doubts: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if isinstance(row, Row):
            path = paths.relative(row.path)
            if path is None:
                row = BadRow(row.path, Reason.OUTSIDE, f"{row.where}: not under {paths.root}")
            elif path in first:
                row = BadRow(path, Reason.DUPLICATE_ROW, f"{row.where} repeats {first[path]}")
            else:
                first[path] = row.where
                recordings.append(_recording(row, paths.root, path))
                if row.doubt:
                    doubts[row.doubt].append(path)
                continue
        failures.append(Failure(paths.root, printable(row.path), row.reason, printable(row.detail)))
    return recordings, failures, [_doubt(what, found) for what, found in doubts.items()]


def _doubt(what: str, paths: Sequence[str]) -> str:
    return f"{what}: {paths[0]}" + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def _recording(row: Row, root: str, path: str) -> Recording:
    tags = read_tags(row.tags, row.source, row.listed)
    return Recording(
        root=root,
        path=path,
        speaker=tags.speaker,
        language=tags.language,
        noise=tags.noise,
        gender=tags.gender,
        age=tags.age,
        extra=MappingProxyType({**tags.kept, **row.extra}),
    )


def _has(recording: Recording, name: str) -> bool:
    tag = getattr(recording, name)
    return tag is not None if name == "age" else tag.source is not TagSource.NONE
