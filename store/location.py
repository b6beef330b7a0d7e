"""Where a store is: in a folder, or at a URL with a working copy on this machine."""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import unquote

from ..errors import StoreError
from .remote import Remote
from .urls import is_url, protocol_of

Place = Path | str

# The Delta library takes folders as URLs and fails on these; the last would be read as a tag.
_UNUSABLE = re.compile(r"[\[\]^|\\%]|/(?:language|noise)=")
_USABLE_URL = re.compile(r"[a-z0-9]+://[\w.@~-]+(?:/[\w.~-]+)*", re.ASCII | re.IGNORECASE)


def located(place: Place) -> tuple[Path, Remote | None]:
    """Return the folder of a store's files, and the remote that it is the working copy of, if any.

    Raises
    ------
    StoreError
        The path or the URL cannot be used.
    """
    if not isinstance(place, str) or not is_url(place):
        return _usable(Path(place)), None
    url = place.rstrip("/")
    protocol = protocol_of(place)
    if protocol == "file":
        return _usable(Path(unquote(url[len("file://") :]) or "/")), None
    if not _USABLE_URL.fullmatch(url) or protocol not in _PROTOCOLS:
        raise StoreError(
            f"expected a URL of {', '.join(sorted(_PROTOCOLS))} for the store, of letters, digits"
            f" and . _ ~ - between its slashes, got {place}; give another --store"
        )
    folder = cache_folder() / "stores" / hashlib.blake2b(url.encode(), digest_size=16).hexdigest()
    return folder, Remote(url, folder)


def cache_folder() -> Path:
    """Return the folder that copies are kept in: `SPKRET_CACHE`, or the user's cache folder."""
    named = os.environ.get("SPKRET_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "spkret"


def _usable(path: Path) -> Path:
    folder = path.absolute()
    if _UNUSABLE.search(f"{folder.as_posix()}/"):
        raise StoreError(
            f"expected a store folder without any of [ ] ^ | \\ % language= noise= in its path,"
            f" got {folder}; give another --store"
        )
    return folder


# What both the Delta library and the drivers of files can write to.
_PROTOCOLS = {"s3", "s3a", "gs", "az", "abfs", "abfss"}
