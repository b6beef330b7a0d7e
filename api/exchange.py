"""Embeddings, recordings, trials and scores to and from the files of other tools."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import opened, place_of
from .noting import noted

if TYPE_CHECKING:
    from ..interchange.import_embeddings import ImportSummary
    from ..interchange.kinds import Exported, Progress
    from .arguments import AnyStore


@noted("export", lambda done: done.rows)
def export(
    store: "AnyStore",
    out: str | PathLike[str],
    what: str = "embeddings",
    *,
    format: str | None = None,
    key: str = "path",
    language: str | None = None,
    noise: str | None = None,
    where: str | None = None,
    progress: "Progress | None" = None,
) -> "Exported":
    """Write what a store holds into a file that other tools read.

    Parameters
    ----------
    out : the file; the ending of its name tells the format, unless `format` names it
    what : the kind: `embeddings` by default, `manifest`, `trials` or `scores`
    key : what names a recording: `path`, `id`, or `speaker-path` as Kaldi's utterance ids
    language, noise, where : filters of the recordings; `where` is a DuckDB SQL condition
    progress : called with the rows done and all rows

    Raises
    ------
    InterchangeError
        Nothing is selected, or it cannot be written in this format.
    UsageError
        There is no such kind, format or key.
    """
    from ..interchange.kinds import ExportOptions, exporter

    options = ExportOptions(format, key, language, noise, where, progress)
    return exporter(what)(opened(store), Path(out), options)


@noted("import", lambda done: done.imported)
def import_embeddings(
    store: "AnyStore",
    file: str | PathLike[str],
    encoder: str,
    manifest: str | PathLike[str] | None = None,
    *,
    audio_dir: str | PathLike[str] | None = None,
    format: str | None = None,
    acoustics: bool = False,
    progress: "Progress | None" = None,
) -> "ImportSummary":
    """Store embeddings made elsewhere, in one transaction; the store is made if it is not there.

    The store is bound to the encoder's name and the dimension. A recording that is stored already
    is replaced, so that an import may be repeated.

    Parameters
    ----------
    file : Kaldi ark or scp, NumPy, HDF5, safetensors, CSV, TSV or Parquet
    encoder : a name of your own for what made the embeddings
    manifest : what the recordings are, in any form that `index` reads, or a Kaldi data folder with
        utt2spk; without it every key is the path of a recording of which nothing else is known
    audio_dir : the folder that relative paths belong to; the audio need not be there
    format : of the embeddings; by default told from the ending of the file's name
    acoustics : read the audio too, and measure its length, noise and pitch for the reranker
    progress : called with the files of audio read and all of them

    Raises
    ------
    InterchangeError
        The file cannot be used, or none of its keys names a recording.
    ManifestError
        The manifest cannot be read.
    EncoderMismatchError
        The store is bound to another encoder or dimension.
    """
    from ..interchange import import_embeddings as importing

    options = importing.ImportOptions(
        manifest=None if manifest is None else Path(manifest),
        audio_dir=None if audio_dir is None else Path(audio_dir),
        format=format,
        acoustics=acoustics,
        progress=progress,
    )
    return importing.import_embeddings(place_of(store), Path(file), encoder, options)
