"""Places that are URLs: which texts are, and the file systems behind them."""

import atexit
import os
import re
import time
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..errors import OptionalDependencyError, UsageError

if TYPE_CHECKING:
    import fsspec

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)

# A service that is down is told within a minute, a slow one may take its time.
_CLIENT = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=30),
    "timeout": timedelta(minutes=30),
}
_LETS_GO_WITHIN_S = 0.1
_VARIABLES = ("AWS_", "AZURE_", "GOOGLE_")
_RETRIES = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}


def is_url(text: str) -> bool:
    """Tell whether a text is a URL, such as `s3://bucket/folder`, rather than a path."""
    return _SCHEME.match(text) is not None


def protocol_of(url: str) -> str:
    """Return the protocol of a URL in lower case, such as `s3`."""
    found = _SCHEME.match(url)
    if found is None:
        raise UsageError(f"expected a URL such as s3://bucket/folder, got {url}")
    return found[1].lower()


def normal_url(url: str) -> str:
    """Spell a URL as stored roots are: no `.`, no `..` and nothing but the path at its end.

    Doubled slashes stay, for they name another object.
    """
    protocol = protocol_of(url)
    kept: list[str] = []
    for part in url.partition("://")[2].rstrip("/").split("/"):
        if part == "..":
            del kept[max(1, len(kept) - 1) :]
        elif part != ".":
            kept.append(part)
    return f"{protocol}://{'/'.join(kept)}"


def allows_http() -> bool:
    """Tell whether the environment asks for plain HTTP: by name, or by an endpoint that is one."""
    return any(
        (name.endswith("ALLOW_HTTP") and value.lower() in ("1", "true"))
        or ("ENDPOINT" in name and value.startswith("http://"))
        for name, value in os.environ.items()
        if name.startswith(_VARIABLES)
    )


def filesystem(url: str) -> "tuple[fsspec.AbstractFileSystem, str]":
    """Open the file system that a URL is on, and tell the path of the URL in it.

    Credentials and endpoint come from the environment, in the variables of each service:
    `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, `GOOGLE_APPLICATION_CREDENTIALS`,
    `AZURE_STORAGE_ACCOUNT_NAME` and so on. No request is made. A protocol whose own fsspec driver
    (s3fs, gcsfs, adlfs) is not installed goes through obstore.

    Raises
    ------
    UsageError
        It is no URL, or of a protocol that nobody here speaks.
    OptionalDependencyError
        A package of the extra `remote` is missing.
    """
    protocol = protocol_of(url)
    if find_spec("fsspec") is None:
        raise OptionalDependencyError(f"{url} needs fsspec: pip install 'spkret[remote]'")
    import fsspec

    try:
        driver = fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError):
        driver = _through_obstore(protocol, url)
    options = _options(driver)
    return driver(**options), driver._strip_protocol(url)


def _through_obstore(protocol: str, url: str) -> "type[fsspec.AbstractFileSystem]":
    """Register the driver that obstore has for a protocol."""
    if find_spec("obstore") is None:
        raise OptionalDependencyError(f"{url} needs obstore: pip install 'spkret[remote]'")
    import fsspec
    from obstore.fsspec import SUPPORTED_PROTOCOLS, register

    if protocol not in SUPPORTED_PROTOCOLS:
        known = ", ".join(sorted(SUPPORTED_PROTOCOLS))
        raise UsageError(f"expected a URL of {known}, got {url}; others need their fsspec driver")
    register(protocol)
    driver: type[fsspec.AbstractFileSystem] = fsspec.get_filesystem_class(protocol)
    return driver


def _options(driver: "type[fsspec.AbstractFileSystem]") -> dict[str, Any]:
    if driver.__module__.partition(".")[0] != "obstore":
        return {}
    _end_slowly()
    return obstore_options()


@cache
def _end_slowly() -> None:
    """Have this process wait a little before Python is taken down.

    obstore's threads let go of what they were given a moment after they have answered. Where they
    do so while Python is taken down, the process aborts: 8 of 56 that had asked a service that was
    down, and 0 of 120 that waited.
    """
    atexit.register(time.sleep, _LETS_GO_WITHIN_S)


def obstore_options() -> dict[str, Any]:
    """How obstore reaches a service; credentials are in the environment."""
    return {
        "client_options": {**_CLIENT, "allow_http": allows_http()},
        "retry_config": _RETRIES,
    }
