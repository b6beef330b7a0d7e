"""The files of a store at a URL, and their copies in a folder on this machine."""

import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import StoreError
from .files import replacing
from .urls import allows_http, filesystem

_AT_ONCE = 8
_WHOLE_BYTES = 64 << 20
_PART_BYTES = 16 << 20

# As in urls.py, a service that is down is told in a minute or so; a request is of a part of a file.
_TABLE_OPTIONS = {
    "connect_timeout": "5s",
    "timeout": "60s",
    "max_retries": "4",
    "retry_timeout": "30s",
}


class Remote:
    """Objects below a URL, named by their path below it, and a folder with copies of some.

    Parameters
    ----------
    url : of the store, without a slash at its end
    folder : the working copy on this machine
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def __str__(self) -> str:
        return self.url

    def url_of(self, name: str) -> str:
        """Return the URL of an object, or of a folder of them."""
        return f"{self.url}/{name}"

    @property
    def table_options(self) -> dict[str, str]:
        """How the Delta library reaches the URL; credentials are in the environment."""
        return {**_TABLE_OPTIONS, "allow_http": str(allows_http()).lower()}

    def top(self) -> dict[str, str]:
        """Map what lies at the top, files and folders, to a token that changes with a file."""
        with self._asking():
            try:
                found = self._files.ls(self._root, detail=True)
            except FileNotFoundError as error:
                if not is_missing(error):
                    raise
                found = []
        return {self._name(entry["name"]): _token(entry) for entry in found}

    def names(self, below: str) -> dict[str, str]:
        """Map all objects below a folder to tokens that change with them."""
        with self._asking():
            found = self._files.find(f"{self._root}/{below}", detail=True)
        return {self._name(name): _token(entry) for name, entry in found.items()}

    def sizes(self, below: str = "") -> dict[str, int]:
        """Map all objects below a folder to their sizes in bytes."""
        with self._asking():
            found = self._files.find(f"{self._root}/{below}".rstrip("/"), detail=True)
        return {self._name(name): int(entry["size"]) for name, entry in found.items()}

    def modified(self, name: str) -> datetime:
        """Tell when an object was written."""
        with self._asking():
            when: datetime = self._files.modified(f"{self._root}/{name}")
        return when

    def read(self, name: str) -> bytes:
        """Read an object.

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        with self._asking():
            data: bytes = self._files.cat_file(f"{self._root}/{name}")
        return data

    def pull(self, name: str, size: int | None = None) -> None:
        """Copy an object into the folder, where it is as a whole or not at all.

        Parameters
        ----------
        size : in bytes, where it is known; a large one is copied in parts

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        with replacing(self.folder / name) as temporary:
            if (size or 0) <= _WHOLE_BYTES:
                temporary.write_bytes(self.read(name))
            else:
                path = f"{self._root}/{name}"
                with (
                    self._asking(),
                    self._files.open(path) as source,
                    temporary.open("wb") as target,
                ):
                    shutil.copyfileobj(source, target, _PART_BYTES)

    def pull_all(self, sizes: Mapping[str, int | None]) -> None:
        """Copy objects into the folder, several at a time.

        Raises
        ------
        FileNotFoundError
            One is not there; others may have been copied.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(self.pull, name, size) for name, size in sizes.items()]:
                done.result()

    def push(self, name: str, source: Path | None = None) -> None:
        """Write a file of the folder, or another, to the URL: as a whole or not at all."""
        with self._asking():
            self._files.put_file(str(source or self.folder / name), f"{self._root}/{name}")

    def write(self, name: str, data: bytes) -> None:
        """Write an object as a whole or not at all."""
        with self._asking():
            self._files.pipe_file(f"{self._root}/{name}", data)

    def move(self, name: str, target: str) -> None:
        """Give an object another name."""
        with self._asking():
            self._files.cp_file(f"{self._root}/{name}", f"{self._root}/{target}")
        self.delete([name])

    def delete(self, names: Collection[str]) -> None:
        """Delete objects; those that are not there are passed over."""
        for name in names:
            with self._asking():
                try:
                    self._files.rm_file(f"{self._root}/{name}")
                except FileNotFoundError:
                    continue

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Say in one line why the service did not do what it was asked.

        Raises
        ------
        FileNotFoundError
            There is no such object.
        StoreError
            Anything else; drivers have errors of their own for it.
        """
        self._files.invalidate_cache()
        try:
            yield
        except Exception as error:
            if is_missing(error):
                raise
            raise StoreError(f"cannot use {self.url}: {reason(error)}") from error

    @cached_property
    def _opened(self) -> Any:
        return filesystem(self.url)

    @property
    def _files(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return str(self._opened[1])

    def _name(self, path: str) -> str:
        return path.removeprefix("/").removeprefix(self._root.removeprefix("/")).strip("/")


def has_file(url: str) -> bool:
    """Tell whether there is a file at a URL.

    Raises
    ------
    StoreError
        That cannot be asked.
    """
    files, path = filesystem(url)
    try:
        return bool(files.info(path)["type"] == "file")
    except Exception as error:  # each driver has its own
        if is_missing(error):
            return False
        raise StoreError(f"cannot look for {url}: {reason(error)}") from error


def is_missing(error: BaseException) -> bool:
    """Tell whether a service said that there is no such object, in a bucket that is there."""
    return isinstance(error, FileNotFoundError) and not re.search(_NO_BUCKET, str(error))


def reason(error: BaseException) -> str:
    """Say in a few words why a service did not do what it was asked."""
    text = " ".join(_COLOURS.sub("", str(error)).split())
    for pattern, meaning in _REASONS:
        if re.search(pattern, text, re.IGNORECASE):
            return meaning
    return text.partition(" Debug source:")[0][:_LONGEST] or type(error).__name__


def _token(entry: Mapping[str, Any]) -> str:
    return repr(sorted((key, str(value)) for key, value in entry.items()))


_COLOURS = re.compile("\x1b\\[[0-9;]*m|↳")
_LONGEST = 300
_NO_BUCKET = "NoSuchBucket|ContainerNotFound|bucket does not exist"
_REASONS = (
    (_NO_BUCKET, "there is no such bucket; make it"),
    (
        "169\\.254\\.169\\.254|metadata\\.google|NoCredentials|no credentials|CredentialsNotLoaded",
        "no credentials found; set those of the service in the environment, such as"
        " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        "AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|PermissionDenied|Unauthenticated"
        "|ExpiredToken|AuthenticationFailed|40[13] (Forbidden|Unauthorized)",
        "access is denied; see that the credentials in the environment may read and write there",
    ),
    (
        "error sending request|connect|timed out|dns error|BadScheme",
        "the service cannot be reached; see the network and the endpoint (AWS_ENDPOINT_URL)",
    ),
)
