"""Paths of a manifest, made relative to the folder of audio."""

import os
from pathlib import Path

_CLIPS = "clips"


class Paths:
    """Turns paths as manifests write them into paths relative to the folder of audio.

    A relative path belongs to that folder. Where no such file is there, it may be written as other
    tools do: from the folder `clips`, which Common Voice's tables leave out, from the folder of the
    manifest (NeMo), or from the working directory (Kaldi, Lhotse). The first path that is found
    decides for the whole manifest.

    Parameters
    ----------
    audio_dir : its real path is the `root`
    origin : the manifest, None where the folder itself was listed
    """

    def __init__(self, audio_dir: Path, origin: Path | None = None) -> None:
        self.root = str(audio_dir.resolve())
        self._inside = (self.root, os.path.normpath(audio_dir.absolute()))
        self._others = [] if origin is None else [_folder_of(origin), str(Path.cwd())]
        self._chosen: dict[bool, str] = {}

    def relative(self, path: str) -> str | None:
        """Return the path relative to the folder in POSIX form, None if it lies outside.

        Links are not followed: a link inside the folder belongs to it.
        """
        full = os.path.normpath(os.path.join(self._base(path), path))  # noqa: PTH118
        bases = (base.rstrip("/") + "/" for base in self._inside)
        base = next((base for base in bases if full.startswith(base)), None)
        return None if base is None else full.removeprefix(base)

    def _base(self, path: str) -> str:
        """Return the folder that relative paths of this kind, bare names or not, belong to."""
        is_name = "/" not in os.path.normpath(path)
        if not self._others or os.path.isabs(path):  # noqa: PTH117
            return self.root
        if is_name not in self._chosen:
            clips = [f"{self.root}/{_CLIPS}"] if is_name else []
            found = [f for f in (self.root, *clips, *self._others) if _is_there(f, path)]
            if not found:
                return self.root
            self._chosen[is_name] = found[0]
        return self._chosen[is_name]


def _folder_of(origin: Path) -> str:
    return str((origin if origin.is_dir() else origin.parent).absolute())


def _is_there(folder: str, path: str) -> bool:
    return os.path.exists(os.path.join(folder, path))  # noqa: PTH110, PTH118
