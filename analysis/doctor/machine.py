"""The machine: Python, spkret itself, formats of sound, free disk, open files."""

import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .lines import Line, ok, problem, warning
from .packages import Packages

OLDEST_PYTHON = (3, 11)
FORMATS = ("WAV", "FLAC", "OGG", "MP3")
LITTLE_DISK_GB, NO_DISK_GB = 5.0, 0.2
FEW_FILES = 1024

_ROOT = Path(__file__).parents[2]
_GIGABYTE = 1e9


def python(version: Sequence[int] = sys.version_info[:3]) -> Iterator[Line]:
    """Check the version of Python."""
    written = ".".join(map(str, version))
    if tuple(version[:2]) < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        yield problem("Python", f"{written} is older than {wanted}", f"install Python {wanted}")
    else:
        yield ok("Python", f"{written} on {platform.system()} {platform.machine()}")
    yield ok("Python is at", sys.executable)


def spkret(packages: Packages) -> Iterator[Line]:
    """Say which spkret runs, and from where."""
    found = packages.version("spkret")
    if found is None:
        advice = f"pip install -e {_ROOT}"
        yield warning("spkret", f"runs from {_ROOT} without being installed", advice)
    else:
        yield ok("spkret", f"{found} in {_ROOT}")


def formats(packages: Packages) -> Iterator[Line]:
    """Check which formats of sound libsndfile reads."""
    library = packages.load("soundfile")
    there: Mapping[str, str] = library.available_formats()
    missing = [name for name in FORMATS if name not in there]
    version = library.__libsndfile_version__
    if missing:
        advice = "pip install --upgrade soundfile, or to read them by FFmpeg: spkret[media]"
        yield warning("libsndfile", f"{version} does not read {', '.join(missing)}", advice)
    else:
        yield ok("libsndfile", f"{version}, reads {', '.join(FORMATS)} and others")


def disk(places: Mapping[str, Path]) -> Iterator[Line]:
    """Check the free disk under folders, by what they are for; a folder need not be there yet."""
    for name, folder in places.items():
        free = shutil.disk_usage(existing(folder)).free / _GIGABYTE
        subject, message = f"free disk for {name}", f"{free:.1f} GB at {folder}"
        if free < NO_DISK_GB:
            yield problem(subject, message, "free some: writing will fail")
        elif free < LITTLE_DISK_GB:
            yield warning(subject, message, "free some before you index much")
        else:
            yield ok(subject, message)


def open_files(limit: int | None = None) -> Iterator[Line]:
    """Check how many files a process may have open; Windows has no such limit.

    Parameters
    ----------
    limit : by default that of this process
    """
    limit = _file_limit() if limit is None else limit
    if limit is None:
        return
    if limit < FEW_FILES:
        advice = "raise it in this shell: ulimit -n 4096"
        yield warning("open files", f"at most {limit}, which a large store may exceed", advice)
    else:
        yield ok("open files", f"at most {limit:,}")


def existing(folder: Path) -> Path:
    """Return a folder, or the nearest above it that is there."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.exists())


def _file_limit() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
