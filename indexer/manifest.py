"""Read the recordings of a folder: from a manifest, a Kaldi data folder, or folder names."""

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..errors import ManifestError
from ..store.schema import Failure, Recording, TagSource
from .manifests.folders import read_folders
from .manifests.kaldi import WAV_SCP, read_kaldi
from .manifests.rows import BadRow, Row, Rows, is_utf8, printable
from .manifests.tables import read_table
from .manifests.tags import read_tags
from .reasons import Reason

MANIFEST_NAMES = ("manifest.csv", "manifest.tsv", "manifest.jsonl", "manifest.parquet")
FOUND_TAGS = ("speaker", "language", "noise", "gender", "age")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The recordings of a folder, the rows that name none, and how many have each tag.

    `origin` is the file the list was read from, or `folders`. `found` maps each of `FOUND_TAGS` to
    a count of recordings; 0 is a tag that is missing altogether.
    """

    root: str
    origin: str
    recordings: list[Recording]
    failures: list[Failure]
    found: Mapping[str, int]


def read_recordings(audio_dir: Path, manifest: Path | None = None) -> Manifest:
    """List the recordings under a folder.

    Parameters
    ----------
    audio_dir
        The folder that relative paths belong to; its real path becomes the `root` of every row.
    manifest
        A table (CSV, TSV, JSON lines, Parquet), a Kaldi data folder or its wav.scp. Without it,
        `manifest.*` or wav.scp in the folder is used if it is there, else the folders' names.

    Raises
    ------
    ManifestError
        There is no such folder, the manifest is none, or it names no file at all.
    """
    if not audio_dir.is_dir():
        raise ManifestError(f"expected a folder of audio, got {audio_dir}; check the path")
    if not is_utf8(str(audio_dir.resolve())):
        raise ManifestError(f"expected a folder name in UTF-8, got {audio_dir!a}; rename it")
    origin = manifest if manifest is not None else _own_manifest(audio_dir)
    rows = read_folders(audio_dir) if origin is None else _read(origin)
    recordings, failures = _collect(rows, audio_dir)
    if not recordings and not failures:
        raise ManifestError(f"expected recordings in {origin or audio_dir}, found none")
    found = {name: sum(_has(one, name) for one in recordings) for name in FOUND_TAGS}
    return Manifest(
        root=str(audio_dir.resolve()),
        origin="folders" if origin is None else str(origin),
        recordings=recordings,
        failures=failures,
        found=MappingProxyType(found),
    )


def _own_manifest(audio_dir: Path) -> Path | None:
    """Return the manifest that lies in the folder itself."""
    candidates = [audio_dir / name for name in (*MANIFEST_NAMES, WAV_SCP)]
    return next((path for path in candidates if path.is_file()), None)


def _read(origin: Path) -> Rows:
    if (origin / WAV_SCP).is_file():
        return read_kaldi(origin)
    if origin.name == WAV_SCP:
        return read_kaldi(origin.parent)
    return read_table(origin)


def _collect(rows: Rows, audio_dir: Path) -> tuple[list[Recording], list[Failure]]:
    """Turn rows into recordings; the first row of a path wins."""
    paths = _Paths(audio_dir)
    recordings, failures = [], []
    first: dict[str, str] = {}
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
                continue
        failures.append(Failure(paths.root, printable(row.path), row.reason, printable(row.detail)))
    return recordings, failures


class _Paths:
    """Paths of a manifest, made relative to the folder of audio."""

    def __init__(self, audio_dir: Path) -> None:
        self.root = str(audio_dir.resolve())
        self._bases = (self.root, os.path.normpath(audio_dir.absolute()))
        self._clips: bool | None = None

    def relative(self, path: str) -> str | None:
        """Return the path relative to the folder in POSIX form, None if it lies outside.

        Links are not followed: a link inside the folder belongs to it.
        """
        if posixpath.isabs(path):
            path = posixpath.normpath(path)
            inside = (base for base in self._bases if path.startswith(base.rstrip("/") + "/"))
            base = next(inside, None)
            return None if base is None else posixpath.relpath(path, base)
        path = posixpath.normpath(path)
        if path in (".", "..") or path.startswith("../"):
            return None
        return self._in_clips(path)

    def _in_clips(self, path: str) -> str:
        """Add the folder `clips` that Common Voice's tables leave out."""
        if "/" in path:
            return path
        if self._clips is None:
            own = Path(self.root, path).exists()
            self._clips = not own and Path(self.root, "clips", path).exists()
        return f"clips/{path}" if self._clips else path


def _recording(row: Row, root: str, path: str) -> Recording:
    tags = read_tags(row.tags, row.source)
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
