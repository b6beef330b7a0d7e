"""Paths of a manifest, made relative to the folder of audio."""

import os
from pathlib import Path

from ...store.urls import is_url
from ..places import Folder, Place

_CLIPS = "clips"


class Paths:
    """Turns paths as manifests write them into paths relative to the folder of audio.

    A relative path belongs to that folder. Where no such file is there, it may be written as other
    tools do: from the folder `clips`, which Common Voice's tables leave out, from the folder of the
    manifest (NeMo), or from the working directory (Kaldi, Lhotse). The first path that is found
    decides for the whole manifest.

    Parameters
    ----------
    place : where the audio lies, a folder or a URL
    origin : the manifest, None where the folder itself was listed
    """

    def __init__(self, place: Place | Path, origin: Path | str | None = None) -> None:
        self._place = Folder(place) if isinstance(place, Path) else place
        self.root = self._place.root
        self._others = None if origin is None else _others(origin, of_url=is_url(self.root))
        self._chosen: dict[bool, str] = {}

    def relative(self, path: str) -> str | None:
        """Return the path relative to the folder in POSIX form, None if it lies outside.

        Links are not followed: a link inside the folder belongs to it.
        """
        full = self._place.joined(self._base(path), path)
        bases = (base.rstrip("/") + "/" for base in self._place.spellings)
        base = next((base for base in bases if full.startswith(base)), None)
        return None if base is None else full.removeprefix(base)

    def _base(self, path: str) -> str:
        """Return the folder that relative paths of this kind, bare names or not, belong to."""
        is_name = "/" not in os.path.normpath(path)
        if self._others is None or os.path.isabs(path) or is_url(path):  # noqa: PTH117
            return self.root
        if is_name not in self._chosen:
            clips = [f"{self.root}/{_CLIPS}"] if is_name else []
            bases = (self.root, *clips, *self._others)
            found = [base for base in bases if self._place.is_there(self._place.joined(base, path))]
            if not found:
                return self.root
            self._chosen[is_name] = found[0]
        return self._chosen[is_name]


def _others(origin: Path | str, *, of_url: bool) -> list[str]:
    """Return where relative paths may belong to beside the audio's own place, of the same kind."""
    remote = isinstance(origin, str) and is_url(origin)
    if of_url:
        return [str(origin).rpartition("/")[0]] if remote else []
    here = str(Path.cwd())
    if remote:
        return [here]
    folder = Path(origin) if Path(origin).is_dir() else Path(origin).parent
    return [str(folder.absolute()), here]
