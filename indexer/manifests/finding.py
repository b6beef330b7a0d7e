"""Which manifest lies in a folder, and which form it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...store.urls import is_url
from .kaldi import KALDI_NAMES, WAV_SCP, read_kaldi
from .lhotse import (
    LHOTSE_NAMES,
    SUPERVISIONS_NAMES,
    Kind,
    is_lhotse,
    names_beside,
    read_lhotse,
)
from .rows import Rows
from .speakers import SPEAKERS_NAMES
from .tables import JSON_SUFFIXES, read_table
from .text import GZIP_SUFFIX, suffix_of

_TEXTS = ("manifest.csv", "manifest.tsv", "manifest.jsonl")
MANIFEST_NAMES = (*_TEXTS, "manifest.parquet", *(name + GZIP_SUFFIX for name in _TEXTS))
_COMMON_VOICE, _CLIPS = "validated.tsv", "clips"
LISTS = (
    *(*MANIFEST_NAMES, *KALDI_NAMES, *LHOTSE_NAMES, *SUPERVISIONS_NAMES, *SPEAKERS_NAMES),
    *(_COMMON_VOICE, _CLIPS),
)
"""All that a folder of audio may have in it beside the audio, and that is looked at."""


def own_manifest(audio_dir: Path) -> Path | None:
    """Return the manifest that lies in a folder of audio, if any.

    It is `manifest.*`, else Kaldi's wav.scp, Lhotse's cuts or recordings, or, beside a folder
    `clips`, the validated.tsv of Common Voice.
    """
    names = (*MANIFEST_NAMES, WAV_SCP, *LHOTSE_NAMES, _COMMON_VOICE)
    files = (audio_dir / name for name in names)
    return next((file for file in files if file.is_file() and _is_meant(file)), None)


def _is_meant(file: Path) -> bool:
    """Tell whether a file with a name that others use too is the manifest it may be."""
    if file.name in LHOTSE_NAMES:
        return is_lhotse(file)
    return file.name != _COMMON_VOICE or (file.parent / _CLIPS).is_dir()


@contextmanager
def local_manifest(origin: Path | str) -> Iterator[Path]:
    """Give a manifest as a file or folder of this machine, fetched from where it lies.

    Raises
    ------
    ManifestError
        It cannot be fetched.
    """
    if isinstance(origin, Path) or not is_url(origin):
        yield Path(origin)
        return
    from ..remote import fetched_manifest

    name = origin.rstrip("/").rpartition("/")[2]
    beside = [*KALDI_NAMES, *LHOTSE_NAMES, *SUPERVISIONS_NAMES]
    for kind in (Kind.RECORDINGS, Kind.SUPERVISIONS):
        beside += names_beside(name, kind)
    with fetched_manifest(origin, beside) as path:
        yield path


def read_manifest(origin: Path) -> Rows:
    """Read a manifest, whatever its form: a file, or a Kaldi or Lhotse folder.

    Raises
    ------
    ManifestError
        It cannot be read, or is none of these.
    """
    if origin.is_dir():
        names = [name for name in (WAV_SCP, *LHOTSE_NAMES) if (origin / name).is_file()]
        origin = origin / names[0] if names else origin
    if origin.name == WAV_SCP:
        return read_kaldi(origin.parent)
    if suffix_of(origin) in JSON_SUFFIXES and is_lhotse(origin):
        return read_lhotse(origin)
    return read_table(origin)
