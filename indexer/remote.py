"""Audio at a URL: listed at once, and fetched file by file while it is decoded."""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import AudioError, ManifestError, SpkretError
from ..store.remote import reason
from ..store.urls import filesystem, is_url, normal_url
from .formats import MAX_BYTES
from .places import Seen, Unreadable, is_audio
from .reasons import Reason

if TYPE_CHECKING:
    import fsspec

_TIMES = ("last_modified", "LastModified", "mtime", "updated", "modified", "created")
"""What the drivers of fsspec call the time of a file, the best first."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANGE_BYTES = 16 << 20
_LEVELS_BELOW = "a/a"
"""Lists are looked for in two folders above the audio, too: these are empty."""


class Remote:
    """What lies under a URL. Its files are listed once, when that is first needed.

    Times are cut to whole seconds: services tell them in other precisions for a file than for all.
    """

    def __init__(self, url: str) -> None:
        self.root = normal_url(url)
        self.spellings: tuple[str, ...] = (self.root,)

    def audio(self, unreadable: Unreadable) -> Iterator[str]:  # noqa: ARG002
        """Yield what the listing has."""
        for path in self._listing:
            parts = path.split("/")
            if is_audio(parts[-1]) and not any(part.startswith(".") for part in parts):
                yield path

    @contextmanager
    def lists(self, names: Collection[str]) -> Iterator[Path]:
        """Fetch those files of these names that are there into a folder that goes at the end."""
        wanted = [name for name in names if name in self._listing]
        folders = {path.partition("/")[0] for path in self._listing if "/" in path}
        with _fetched(self.root, wanted) as folder:
            for name in folders & set(names):
                (folder / name).mkdir(exist_ok=True)
            yield folder

    def joined(self, base: str, path: str) -> str:
        """Join as URLs are; a path of this machine is left as it is, and lies elsewhere."""
        if path.startswith("/"):
            return path
        return normal_url(path if is_url(path) else f"{base}/{path}")

    def is_there(self, full: str) -> bool:
        """Look into the listing."""
        return full.removeprefix(f"{self.root}/") in self._listing

    def at(self, path: str) -> str:
        """Append the path to the URL."""
        return f"{self.root}/{path}" if path else self.root

    def seen(self, path: str) -> Seen | None:
        """Look into the listing."""
        return self._listing.get(path)

    def is_gone(self, path: str) -> bool:
        """Look into the listing."""
        return path not in self._listing

    @contextmanager
    def file(self, path: str) -> Iterator[Path]:
        """Fetch a file, for as long as it is used."""
        with tempfile.TemporaryDirectory(prefix="spkret-") as folder:
            file = Path(folder, f"audio{PurePosixPath(path).suffix}")
            try:
                _fetch(*filesystem(f"{self.root}/{path}"), file)
            except (AudioError, SpkretError):
                raise
            except FileNotFoundError as error:
                raise AudioError(Reason.MISSING, "no such file") from error
            except Exception as error:  # each driver has its own
                raise AudioError(Reason.UNREADABLE, reason(error)) from error
            yield file

    @cached_property
    def _listing(self) -> Mapping[str, Seen]:
        system, top = filesystem(self.root)
        try:
            found = dict(_files(system, top))
        except Exception as error:  # each driver has its own
            raise _unlisted(self.root, reason(error)) from error
        if not found:
            raise _unlisted(self.root, "nothing is there")
        prefix = f"{top.rstrip('/')}/"
        return {
            name.removeprefix(prefix): _seen(info)
            for name, info in found.items()
            if name.startswith(prefix)
        }


def _files(
    system: "fsspec.AbstractFileSystem", top: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path of each file below another, and what is known of it.

    Drivers list folder by folder, each a request; of obstore's, which serve object stores, all
    is asked at once, a thousand a request.
    """
    if not hasattr(system, "_construct_store"):
        system.invalidate_cache()
        yield from system.find(top, detail=True).items()
        return
    import obstore

    bucket, _, prefix = top.partition("/")
    for part in obstore.list(system._construct_store(bucket), prefix or None):
        yield from ((f"{bucket}/{each['path']}", each) for each in part)


@contextmanager
def fetched_manifest(url: str, beside: Collection[str]) -> Iterator[Path]:
    """Fetch a manifest at a URL, with those files of some names that lie beside it or in it.

    Raises
    ------
    ManifestError
        It cannot be fetched; or what is said of it while it is there, with its URL.
    """
    url = normal_url(url)
    folder, _, name = url.rpartition("/")
    try:
        system, path = filesystem(url)
        is_folder = system.isdir(path)
        top = url if is_folder else folder
        system, path = filesystem(top)
        there = {entry.rstrip("/").rpartition("/")[2] for entry in system.ls(path, detail=False)}
    except SpkretError:
        raise
    except Exception as error:  # each driver has its own
        raise _unlisted(url, reason(error)) from error
    if not is_folder and name not in there:
        raise ManifestError(f"cannot read the manifest {url}: no such file")
    wanted = there & {*beside, *(() if is_folder else (name,))}
    with _fetched(top, wanted) as fetched:
        yield fetched if is_folder else fetched / name


@contextmanager
def _fetched(url: str, names: Collection[str]) -> Iterator[Path]:
    """Fetch files into a folder; what is said of them meanwhile is told of their URL."""
    with tempfile.TemporaryDirectory(prefix="spkret-") as temporary:
        folder = Path(temporary, _LEVELS_BELOW)
        folder.mkdir(parents=True)
        try:
            for name in names:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _fetch(*filesystem(f"{url}/{name}"), folder / name)
        except (AudioError, OSError) as error:
            raise _unlisted(url, reason(error)) from error
        try:
            yield folder
        except ManifestError as error:
            raise ManifestError(str(error).replace(str(folder), url)) from error


def _fetch(system: "fsspec.AbstractFileSystem", source: str, file: Path) -> None:
    """Copy what lies on a file system to a file, range by range, and give it its time."""
    info = system.info(source)
    size, seen = int(info["size"] or 0), _seen(info)
    if info["type"] != "file":
        raise AudioError(Reason.UNREADABLE, "not a file")
    if size > MAX_BYTES:
        raise AudioError(Reason.TOO_LARGE, f"{size} bytes; at most {MAX_BYTES} are read, cut it")
    with file.open("wb") as target:
        for start in range(0, size, _RANGE_BYTES):
            end = min(size, start + _RANGE_BYTES)
            target.write(system.cat_file(source, start=start, end=end))
    time_ns = round(seen.modified_at.timestamp()) * 1_000_000_000
    os.utime(file, ns=(time_ns, time_ns))


def _seen(info: Mapping[str, Any]) -> Seen:
    told = next((info[name] for name in _TIMES if info.get(name) is not None), _EPOCH)
    if isinstance(told, str):
        told = datetime.fromisoformat(told)
    time = told if isinstance(told, datetime) else datetime.fromtimestamp(told, UTC)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return Seen(int(info["size"] or 0), time.astimezone(UTC).replace(microsecond=0))


def _unlisted(url: str, reason: str) -> ManifestError:
    return ManifestError(
        f"expected audio at {url}, got: {reason}; check the address, the endpoint and credentials"
    )
