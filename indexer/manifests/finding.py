"""Which manifest lies in a folder, and which form it has."""

from pathlib import Path

from .kaldi import WAV_SCP, read_kaldi
from .lhotse import LHOTSE_NAMES, is_lhotse, read_lhotse
from .rows import Rows
from .tables import JSON_SUFFIXES, read_table
from .text import GZIP_SUFFIX, suffix_of

_TEXTS = ("manifest.csv", "manifest.tsv", "manifest.jsonl")
MANIFEST_NAMES = (*_TEXTS, "manifest.parquet", *(name + GZIP_SUFFIX for name in _TEXTS))
_COMMON_VOICE = "validated.tsv"


def own_manifest(audio_dir: Path) -> Path | None:
    """Return the manifest that lies in a folder of audio, if any.

    It is `manifest.*`, else Kaldi's wav.scp, Lhotse's cuts or recordings, or, beside a folder
    `clips`, the validated.tsv of Common Voice.
    """
    names = [*MANIFEST_NAMES, WAV_SCP, *LHOTSE_NAMES]
    if (audio_dir / "clips").is_dir():
        names.append(_COMMON_VOICE)
    return next((audio_dir / name for name in names if (audio_dir / name).is_file()), None)


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
