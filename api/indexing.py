"""Audio into stores, and tags for it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import UsageError
from .arguments import Reference, bound_encoder, opened, place_of
from .loading import extractor_for, load_extractor
from .noting import noted

if TYPE_CHECKING:
    import pyarrow as pa

    from ..indexer.extraction import Extractor
    from ..indexer.summary import IndexSummary, Progress
    from ..indexer.tagging.segments import Window
    from ..indexer.tagging.stored import TagSummary
    from ..store.schema import Vector
    from ..store.store import Store
    from .arguments import AnyStore

Name = TypeVar("Name", str, str | None)


def open(path: str | PathLike[str], model: str = "compact") -> "Store":
    """Open the store in a folder or at a URL such as s3://bucket/store.

    An empty or missing folder becomes a store bound to `model`.

    Raises
    ------
    StoreError
        The folder holds something else.
    """
    from ..errors import StoreNotFoundError
    from ..store.store import Store

    place = place_of(path)
    if isinstance(place, Path) and place.exists() and any(place.iterdir()):
        return Store.open(place)
    try:
        return Store.open(place)
    except StoreNotFoundError:
        return Store.create(place, load_extractor(model).identity)


@noted("index", lambda done: done.indexed + done.updated + done.pruned)
def index(
    audio_dir: str | PathLike[str],
    store: "AnyStore",
    manifest: str | PathLike[str] | None = None,
    model: str = "compact",
    device: str = "auto",
    prune: bool = False,
    progress: "Progress | None" = None,
    crops: int = 0,
    vad: bool = False,
    denoise: bool = False,
    tags: Sequence[str] = (),
    language_model: str | None = None,
    moved_from: str | PathLike[str] | None = None,
    ray: str | None = None,
    ray_workers: int | None = None,
) -> "IndexSummary":
    """Embed the audio of a folder, or at a URL, into a store, made if it is not there.

    Unchanged files are not read again; files that cannot be indexed go to the failures table.
    `crops`, `vad` and `denoise` shape the embeddings (see `indexer.extraction.Extraction`): a store
    is bound to them too. With none of them, a store goes on with those it was made with. `tags`
    (`noise`, `gender`, `language`) are filled in where recordings of this folder lack them, the
    last by `language_model`, a folder or a repository on Hugging Face. Where the files were indexed
    from another folder before, `moved_from`, its rows are taken over.

    With `ray`, the address of a Ray cluster (`local` starts one here), `ray_workers` on its
    machines read the files and build the indexes: one a GPU, else one for each four CPUs, if it is
    not said how many. They have to find the store, the audio and the encoder by the same names.

    Raises
    ------
    UsageError
        Nothing was indexed from `moved_from`; or there are more workers than CPUs.
    ClusterError
        No cluster answers at the address, or its workers died again and again.
    ManifestError
        The manifest cannot be read as one.
    EncoderMismatchError
        The store is bound to another encoder than `model`, or to other options.
    OptionalDependencyError
        An option needs a package that is not installed.
    """
    from ..indexer import pipeline
    from ..indexer.embedding import ThisProcess, Workers
    from ..indexer.extraction import Extraction
    from ..indexer.tagging.registry import load_taggers

    if ray is None and ray_workers is not None:
        raise UsageError(
            "expected the address of a Ray cluster with its number of workers, got none"
        )
    extractor = load_extractor(model, device, bound_encoder(store), Extraction(crops, vad, denoise))
    taggers = load_taggers(tags, extractor.identity, language_model, device)
    with ExitStack() as cluster:
        workers: Workers = ThisProcess(extractor, taggers)
        if ray is not None:
            from ..cluster.index_worker import Means
            from ..cluster.indexing import OnRay

            means = Means(_named(model), device, tuple(tags), _absolute(language_model))
            on_ray = OnRay(ray, extractor, taggers, means, ray_workers)
            workers = cluster.enter_context(on_ray)
        return pipeline.index_by(
            workers,
            place_of(audio_dir),
            place_of(store),
            manifest=None if manifest is None else place_of(manifest),
            prune=prune,
            progress=progress,
            moved_from=None if moved_from is None else str(moved_from),
        )


def _named(model: str) -> str:
    """Name an encoder as it is found from any working folder, without options in its name."""
    from ..indexer.encoders.registry import models
    from ..indexer.extraction import parse

    encoder = parse(model).encoder
    return encoder if any(known.name == encoder for known in models()) else _absolute(encoder)


def _absolute(name: Name) -> Name:
    """Spell the path of what is here from the root; leave a name of what is not."""
    return name if name is None or not Path(name).exists() else str(Path(name).absolute())


def embed(
    paths: Sequence[str | PathLike[str]], model: str = "compact", device: str = "auto"
) -> "pa.Table":
    """Embed files, or what lies at URLs, without storing it.

    Returns a table in the columns of the recordings table.

    Raises
    ------
    AudioError
        A file holds no usable speech.
    """
    from ..indexer import pipeline

    extractor = load_extractor(model, device)
    files = [place_of(path) for path in paths]
    return pipeline.embed_files(files, extractor.encoder, extractor.options)


@noted("tag", lambda done: sum(sum(one.tagged.values()) for one in done))
def tag(
    store: "AnyStore",
    tags: Sequence[str] = ("noise", "gender"),
    again: bool = False,
    language_model: str | None = None,
    device: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> "list[TagSummary]":
    """Fill in the tags that stored recordings lack; what a manifest gave stays as it is.

    `noise` and `gender` are told from what is stored, `language` from the audio files by
    `language_model`, a folder or a repository on Hugging Face. `again` replaces what a tagger said
    earlier, too. `progress` is
    told of each tag how many recordings are done, and of how many.

    Raises
    ------
    UsageError
        There is no such tag.
    TaggerError
        A tagger cannot be loaded.
    """
    from ..indexer.tagging.registry import load_taggers
    from ..indexer.tagging.stored import tag_stored

    store = opened(store)
    taggers = load_taggers(tags, store.encoder, language_model, device)
    summaries = []
    for tagger in taggers:
        told = None if progress is None else partial(progress, tagger.tag)
        summaries.append(tag_stored(store.recordings, tagger, again=again, progress=told))
    store.vectors.refresh()
    return summaries


def tag_windows(
    path: str | PathLike[str],
    *,
    store: "AnyStore | None" = None,
    anchor: Reference | None = None,
    window_s: float = 1.0,
    hop_s: float = 0.5,
    merge: bool = False,
    language_model: str | None = None,
    model: str | None = None,
    device: str = "auto",
) -> "list[Window]":
    """Tag short windows of a file of any length, second by second; nothing is stored.

    Parameters
    ----------
    store : gives the encoder, and the anchor by its id or path; it need not be there
    anchor : a recording to take each window's cosine with, stored or a file
    window_s, hop_s : how long windows are and how far apart they begin, in seconds
    merge : join windows of equal tags
    language_model : a folder or a repository that tells languages; without it, none is told
    model, device : the encoder, by default that of the store, else `compact`

    Raises
    ------
    AudioError
        The file holds no usable audio.
    RecordingError
        The anchor names no recording, or several.
    """
    from ..indexer.tagging import segments
    from ..indexer.tagging.cutting import Grid, has_vad
    from ..indexer.tagging.registry import load_taggers
    from ..indexer.tagging.windows import WindowTagger

    grid = Grid(window_s, hop_s)
    bound = None if store is None or bound_encoder(store) is None else opened(store)
    extractor = (
        extractor_for(bound, model, device) if bound else load_extractor(model or "compact", device)
    )
    encoder = extractor.encoder
    names = ("noise", "gender") if language_model is None else ("noise", "gender", "language")
    taggers = load_taggers(names, encoder.identity, language_model, device)
    voice = None if anchor is None else _voice(anchor, bound, extractor)
    windows = WindowTagger(encoder, taggers, voice, has_vad()).tag(Path(path), grid)
    return list(segments.merge(windows) if merge else windows)


def _voice(anchor: Reference, store: "Store | None", extractor: "Extractor") -> "Vector":
    """Return the embedding (dimension,) of a recording, stored or a file."""
    from ..indexer import pipeline

    def embed(paths: Sequence[Path | str]) -> "pa.Table":
        return pipeline.embed_files(paths, extractor.encoder, extractor.options)

    if store is None:
        row = embed([place_of(str(anchor))])["embedding"][0]
        of_file: Vector = row.values.to_numpy()
        return of_file
    from ..retrieval.library import library

    of_store: Vector = library(store).gather([anchor], embed).voices.embeddings[0]
    return of_store
