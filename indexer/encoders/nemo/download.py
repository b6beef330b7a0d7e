"""Where NVIDIA's published models come from: downloaded once, then never asked for again."""

import http.client
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ....errors import EncoderError
from .. import hub
from .archive import read_archive

NGC = "https://api.ngc.nvidia.com/v2/models/nvidia/nemo"
TIMEOUT_S = 60
CHUNK = 1 << 20


class Source(Protocol):
    """Where a published model comes from."""

    def cached(self) -> bool:
        """Whether `fetch` needs no network."""

    def fetch(self) -> Path:
        """The file on this machine, downloaded if it is not there; EncoderError."""


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A file of a repository on Hugging Face, kept in that hub's own cache."""

    repository: str
    filename: str

    def __str__(self) -> str:
        return f"Hugging Face {self.repository}"

    def cached(self) -> bool:
        """Whether the hub's cache has it."""
        return hub.is_cached(self.repository, [self.filename])

    def fetch(self) -> Path:
        """The cached file, else downloaded once."""
        return hub.fetch(self.repository, [self.filename]) / self.filename


@dataclass(frozen=True, slots=True)
class Ngc:
    """A file of NVIDIA's own catalogue, kept in the user's cache directory."""

    model: str
    version: str
    filename: str

    def __str__(self) -> str:
        return f"NVIDIA NGC {self.model} {self.version}"

    def cached(self) -> bool:
        """Whether the user's cache directory has it."""
        return self._target().is_file()

    def fetch(self) -> Path:
        """The cached file, else downloaded once."""
        target, url = self._target(), f"{NGC}/{self.model}/versions/{self.version}/files"
        if not self.cached():
            try:
                _download(f"{url}/{self.filename}", target)
            except (OSError, http.client.HTTPException) as error:
                raise EncoderError(
                    f"expected {target} or a network to download it, got {type(error).__name__};"
                    " connect once, or pass a .nemo file to --model"
                ) from error
        return target

    def _target(self) -> Path:
        return cache_folder() / f"{self.model}-{self.version}.nemo"


def cache_folder() -> Path:
    """Where files of NVIDIA's catalogue are kept: `spkret/nemo` in the user's cache directory."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "spkret" / "nemo"


def _download(url: str, target: Path) -> None:
    """Write the whole of a URL to a file, which appears under its name only once it is readable."""
    import urllib.request

    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    part = Path(name)
    try:
        with open(handle, "wb") as file, urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply:  # noqa: S310, PTH123
            while chunk := reply.read(CHUNK):
                file.write(chunk)
        read_archive(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
