"""The public Python API: each function takes a store, opened or as a path.

Heavy libraries are imported when a function first needs them. Encoders are loaded only for audio
that is not stored, once a process.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import EncoderError

if TYPE_CHECKING:
    from typing import TypeAlias

    import duckdb
    import pyarrow as pa

    from .analysis.findings import AuditReport
    from .analysis.probe.features import Progress as Reading
    from .analysis.probe.report import ProbeReport
    from .indexer.encoders.base import Encoder
    from .indexer.extraction import Extraction, Extractor
    from .indexer.summary import IndexSummary, Progress
    from .indexer.tagging.segments import Window
    from .indexer.tagging.stored import TagSummary
    from .matcher import (
        Evaluation,
        Identification,
        IdentificationEvaluation,
        Match,
        PairEvaluation,
        Verification,
    )
    from .rerank.enrolment_files import Spoken
    from .rerank.training import Progress as TrainProgress
    from .rerank.training import TrainingEvaluation
    from .rerank.trials import Pair, Trial
    from .store.schema import EncoderIdentity, Vector
    from .store.store import Store

    AnyStore: TypeAlias = Store | str | PathLike[str]
    Trials: TypeAlias = Sequence[Trial] | str | PathLike[str]
    Pairs: TypeAlias = Sequence[Pair] | str | PathLike[str]
    Enrolment: TypeAlias = Sequence[Spoken] | str | PathLike[str]

Reference = str | int | Path


def open(path: str | PathLike[str], model: str = "compact") -> "Store":
    """Open the store in a folder; an empty or missing folder becomes a store bound to `model`.

    Raises
    ------
    StoreError
        The folder holds something else.
    """
    from .store.store import Store

    folder = Path(path)
    if folder.exists() and any(folder.iterdir()):
        return Store.open(folder)
    return Store.create(folder, _extractor(model).identity)


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
) -> "IndexSummary":
    """Embed the audio of a folder into a store, made if it is not there.

    Unchanged files are not read again; files that cannot be indexed go to the failures table.
    `crops`, `vad` and `denoise` shape the embeddings (see `indexer.extraction.Extraction`): a store
    is bound to them too. With none of them, a store goes on with those it was made with. `tags`
    (`noise`, `gender`, `language`) are filled in where recordings of this folder lack them, the
    last by `language_model`, a folder or a repository on Hugging Face.

    Raises
    ------
    ManifestError
        The manifest cannot be read as one.
    EncoderMismatchError
        The store is bound to another encoder than `model`, or to other options.
    OptionalDependencyError
        An option needs a package that is not installed.
    """
    from .indexer import pipeline
    from .indexer.extraction import Extraction
    from .indexer.tagging.registry import load_taggers

    extractor = _extractor(model, device, _bound(store), Extraction(crops, vad, denoise))
    return pipeline.index(
        Path(audio_dir),
        _path(store),
        extractor.encoder,
        manifest=None if manifest is None else Path(manifest),
        prune=prune,
        progress=progress,
        options=extractor.options,
        taggers=load_taggers(tags, extractor.identity, language_model, device),
    )


def tag(
    store: "AnyStore",
    tags: Sequence[str] = ("noise", "gender"),
    again: bool = False,
    language_model: str | None = None,
    device: str = "auto",
) -> "list[TagSummary]":
    """Fill in the tags that stored recordings lack; what a manifest gave stays as it is.

    `noise` and `gender` are told from what is stored, `language` from the audio files by
    `language_model`, a folder or a repository on Hugging Face. `again` replaces what a tagger said
    earlier, too.

    Raises
    ------
    UsageError
        There is no such tag.
    TaggerError
        A tagger cannot be loaded.
    """
    from .indexer.tagging.registry import load_taggers
    from .indexer.tagging.stored import tag_stored

    store = opened(store)
    taggers = load_taggers(tags, store.encoder, language_model, device)
    summaries = [tag_stored(store.recordings, tagger, again=again) for tagger in taggers]
    store.vectors.refresh()
    return summaries


def embed(
    paths: Sequence[str | PathLike[str]], model: str = "compact", device: str = "auto"
) -> "pa.Table":
    """Embed files without storing them: a table in the columns of the recordings table.

    Raises
    ------
    AudioError
        A file holds no usable speech.
    """
    from .indexer import pipeline

    extractor = _extractor(model, device)
    files = [Path(path) for path in paths]
    return pipeline.embed_files(files, extractor.encoder, extractor.options)


@lru_cache(maxsize=1)
def encoder(model: str = "compact", device: str = "auto") -> "Encoder":
    """Load an encoder by name or path, once a process."""
    from .indexer.encoders import registry

    return registry.load(model, device)


def _extractor(
    model: str,
    device: str = "auto",
    bound: "EncoderIdentity | None" = None,
    options: "Extraction | None" = None,
) -> "Extractor":
    """Load an encoder with the options given, else those in its name, else those of a store."""
    from .indexer.extraction import Extraction, Extractor, parse

    named = parse(model)
    of_store = Extraction() if bound is None else parse(bound.name).options
    options = options or named.options or of_store
    return Extractor(encoder(named.encoder, device), options)


def _bound(store: "AnyStore") -> "EncoderIdentity | None":
    """Return the encoder that a store is bound to, None if it is still to be made."""
    from .errors import StoreNotFoundError

    try:
        return opened(store).encoder
    except StoreNotFoundError:
        return None


def opened(store: "AnyStore") -> "Store":
    """Return the store itself, opened if it is given as a path."""
    from .store.store import Store

    return store if isinstance(store, Store) else Store.open(Path(store))


def embedder(
    store: "Store", model: str | None = None, device: str = "auto"
) -> "Callable[[Sequence[Path]], pa.Table]":
    """Make a function that embeds files by the encoder the store is bound to.

    The encoder is loaded when the function is first called, never if everything is stored; one that
    is named is loaded and compared with the store's at once.
    """
    if model is not None:
        store.require(_extractor(model, device, store.encoder).identity)

    def embed_for_store(paths: Sequence[Path]) -> "pa.Table":
        from .indexer import pipeline

        loaded = _extractor_of(store, model, device)
        return pipeline.embed_files(paths, loaded.encoder, loaded.options)

    return embed_for_store


def _extractor_of(store: "Store", model: str | None, device: str) -> "Extractor":
    """Load the encoder a store is bound to, by its name or as the caller names it, its options."""
    try:
        loaded = _extractor(model or store.encoder.name, device, store.encoder)
    except EncoderError as error:
        if model is not None:
            raise
        raise EncoderError(
            f"expected the encoder {store.encoder.name!r}, which {store.path} is bound to, by that"
            " name, found none; say where it is: --model FOLDER"
        ) from error
    store.require(loaded.identity)
    return loaded


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
    from .indexer.tagging import segments
    from .indexer.tagging.cutting import Grid, has_vad
    from .indexer.tagging.registry import load_taggers
    from .indexer.tagging.windows import WindowTagger

    grid = Grid(window_s, hop_s)
    bound = None if store is None or _bound(store) is None else opened(store)
    extractor = (
        _extractor_of(bound, model, device) if bound else _extractor(model or "compact", device)
    )
    encoder = extractor.encoder
    names = ("noise", "gender") if language_model is None else ("noise", "gender", "language")
    taggers = load_taggers(names, encoder.identity, language_model, device)
    voice = None if anchor is None else _voice(anchor, bound, extractor)
    windows = WindowTagger(encoder, taggers, voice, has_vad()).tag(Path(path), grid)
    return list(segments.merge(windows) if merge else windows)


def _voice(anchor: Reference, store: "Store | None", extractor: "Extractor") -> "Vector":
    """Return the embedding (dimension,) of a recording, stored or a file."""
    from .indexer import pipeline

    def embed(paths: Sequence[Path]) -> "pa.Table":
        return pipeline.embed_files(paths, extractor.encoder, extractor.options)

    if store is None:
        row = embed([Path(str(anchor))])["embedding"][0]
        of_file: Vector = row.values.to_numpy()
        return of_file
    from .retrieval.library import library

    of_store: Vector = library(store).gather([anchor], embed).voices.embeddings[0]
    return of_store


def _trials(trials: "Trials") -> "Sequence[Trial]":
    from .rerank.trials import read_trials

    return read_trials(Path(trials)) if isinstance(trials, str | PathLike) else trials


def _pairs(pairs: "Pairs") -> "Sequence[Pair]":
    from .rerank.trials import read_pairs

    return read_pairs(Path(pairs)) if isinstance(pairs, str | PathLike) else pairs


def _path(store: "AnyStore") -> Path:
    return Path(store) if isinstance(store, str | PathLike) else store.path


def query(
    store: "AnyStore",
    anchor: Reference,
    group: Sequence[Reference] | None = None,
    *,
    top: int | None = None,
    explain: bool = False,
    open_group: bool = False,
    min_probability: float | None = None,
    language: str | None = None,
    noise: str | None = None,
    where: str | None = None,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "Match":
    """Name the one recording of a group that is spoken by the anchor's speaker.

    Parameters
    ----------
    anchor, group : ids, stored paths or files; without a group, the whole store is searched
    top : how many candidates to return, the best first
    explain : give each candidate what every feature contributed to its score, its features, and
        an explanation in words
    open_group : the match may be none of them; then `Match.path` may be None
    min_probability : abstain below it
    language, noise, where : filters of the whole store; `where` is a DuckDB SQL condition
    log : write the scores to the store's scores table
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    RecordingError
        A reference names no recording, or several.
    """
    from . import matcher

    store = opened(store)
    return matcher.query(
        store,
        anchor,
        group,
        embed=embedder(store, model, device),
        top=top,
        explain=explain,
        open_group=open_group,
        min_probability=min_probability,
        language=language,
        noise=noise,
        where=where,
        log=log,
    )


def verify(
    store: "AnyStore",
    a: Reference,
    b: Reference,
    *,
    explain: bool = False,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "Verification":
    """Say whether two recordings are spoken by one speaker, and how sure that is.

    Parameters
    ----------
    explain : tell what every feature contributed, its value, and an explanation in words
    log : write the scores to the store's scores table
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    RecordingError
        A reference names no recording, or several.
    """
    from . import matcher

    store = opened(store)
    embed = embedder(store, model, device)
    return matcher.verify(store, a, b, embed=embed, explain=explain, log=log)


def verify_pairs(
    store: "AnyStore",
    pairs: "Pairs",
    *,
    prior: float = 0.01,
    false_alarm: float | None = None,
    balanced: bool = False,
    threshold_prior: float | None = None,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "PairEvaluation":
    """Score pairs by every system: a file of them, or pairs.

    Where the list has answers: EER, minimum and actual detection cost, Cllr, with intervals.

    Parameters
    ----------
    prior : of one speaker, in the detection cost
    false_alarm, balanced, threshold_prior : find a threshold with at most this false-alarm rate,
        with balanced errors, or of least cost at this prior of one speaker; it is saved in the
        store, and `verify` decides by it
    log : write the scores to the store's scores table
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    TrialError
        The pairs cannot be read, or none of their recordings is there.
    UsageError
        More than one kind of threshold is asked for.
    """
    from . import matcher
    from .rerank.decision import Rule

    store = opened(store)
    asked = false_alarm is not None or balanced or threshold_prior is not None
    return matcher.verify_pairs(
        store,
        _pairs(pairs),
        embed=embedder(store, model, device),
        prior=prior,
        rule=Rule(false_alarm, balanced, threshold_prior) if asked else None,
        source=Path(pairs).name if isinstance(pairs, str | PathLike) else "a list",
        log=log,
    )


def identify(
    store: "AnyStore",
    anchor: Reference,
    *,
    enrolment: "Enrolment | None" = None,
    open_set: bool = False,
    top: int | None = None,
    model: str | None = None,
    device: str = "auto",
) -> "Identification":
    """Rank known speakers by how likely each spoke the anchor.

    Parameters
    ----------
    enrolment : who speaks in which recording: a CSV or TSV with `speaker` and `path`, or
        `rerank.enrolment_files.Spoken`; by default every labelled recording of the store
    open_set : name nobody where "none of them" is likelier than not
    top : how many speakers to return
    model, device : the encoder for files that are not stored; by default the store's own

    Raises
    ------
    RecordingError
        A reference names no recording, or several.
    TrialError
        The enrolment cannot be read.
    """
    from . import matcher

    store = opened(store)
    embed, enrolled = embedder(store, model, device), _enrolment(enrolment)
    return matcher.identify(
        store, anchor, enrolment=enrolled, open_set=open_set, embed=embed, top=top
    )


def identify_many(
    store: "AnyStore",
    anchors: "Enrolment",
    *,
    enrolment: "Enrolment | None" = None,
    open_set: bool = False,
    top: int | None = None,
    model: str | None = None,
    device: str = "auto",
) -> "IdentificationEvaluation":
    """Identify anchors, and measure the answers where their speakers are known.

    Parameters
    ----------
    anchors : a file with a path a line, or with the columns `path` and `speaker`; or
        `rerank.enrolment_files.Spoken`
    enrolment, open_set, top, model, device : see `identify`

    Raises
    ------
    TrialError
        A list cannot be read, or no anchor is there.
    """
    from . import matcher
    from .rerank.enrolment_files import read_anchors

    store = opened(store)
    return matcher.identify_many(
        store,
        read_anchors(Path(anchors)) if isinstance(anchors, str | PathLike) else anchors,
        enrolment=_enrolment(enrolment),
        open_set=open_set,
        embed=embedder(store, model, device),
        top=top,
    )


def _enrolment(enrolment: "Enrolment | None") -> "Sequence[Spoken] | None":
    from .rerank.enrolment_files import read_enrolment

    if isinstance(enrolment, str | PathLike):
        return read_enrolment(Path(enrolment))
    return enrolment


def make_trials(
    store: "AnyStore",
    records: int = 1000,
    group_size: int = 50,
    seed: int = 0,
    *,
    within: Sequence[str] = (),
    holdout: float = 0.0,
    held_out: bool = False,
    cover: bool = False,
) -> "list[Trial]":
    """Draw trials from the labelled recordings of a store, see `rerank.trial_maker.make_trials`.

    Raises
    ------
    TrialError
        No language has enough labelled recordings.
    """
    from .rerank import trials

    return trials.make_trials(
        opened(store).recordings.scan(),
        records,
        group_size,
        seed,
        within=within,
        holdout=holdout,
        held_out=held_out,
        cover=cover,
    )


def train_reranker(
    store: "AnyStore",
    trials: "Trials",
    *,
    features: Sequence[str] = (),
    hold_out: str | None = None,
    objective: str = "softmax",
    tune: int = 0,
    ablation: bool = False,
    seed: int = 0,
    model: str | None = None,
    device: str = "auto",
    progress: "TrainProgress | None" = None,
) -> "TrainingEvaluation":
    """Train the reranker of a store on trials and save it into the store.

    Parameters
    ----------
    trials : a file of trials, or trials
    features : columns of the manifest to make features of, `COLUMN`, `COLUMN:numeric` or
        `COLUMN:categorical`; see docs/features.md
    hold_out : a column, such as the source, the device or `language`, whose values are held out as
        a whole in cross-validation: figures and probabilities are then those of other sources
    objective : what the trees are trained for, `softmax` or `lambdarank`
    tune : how many hyper-parameters of the trees to try; with none, the usual ones are taken
    ablation : measure as well what leaving out each family of features costs
    seed : of folds and trees
    model, device : the encoder for files that are not stored; by default the store's own
    progress : told how far a search or an ablation is

    Returns
    -------
    evaluation : of all systems, by speaker-disjoint cross-validation

    Raises
    ------
    TrialError
        The trials cannot be read, or none has a match.
    RerankerError
        The trials have too few speakers.
    OptionalDependencyError
        A search is asked for, and optuna is not installed.
    UsageError
        The objective is unknown, the recordings have no such column, or it does not hold numbers.
    """
    from . import matcher
    from .rerank.recipe import Recipe, objective_named
    from .rerank.training import Effort

    store = opened(store)
    effort = Effort(Recipe(objective_named(objective)), tune, ablation)
    embed = embedder(store, model, device)
    return matcher.train_reranker(
        *(store, _trials(trials), effort),
        columns=features,
        hold_out=hold_out,
        seed=seed,
        embed=embed,
        progress=progress,
    )


def evaluate(
    store: "AnyStore",
    trials: "Trials",
    *,
    log: bool = True,
    model: str | None = None,
    device: str = "auto",
) -> "Evaluation":
    """Measure every system on trials: a file of them, or trials.

    Raises
    ------
    TrialError
        The trials cannot be read, or none has a match.
    """
    from . import matcher

    store = opened(store)
    embed = embedder(store, model, device)
    return matcher.evaluate(store, _trials(trials), embed=embed, log=log)


def audit(store: "AnyStore", trials: "Sequence[str | PathLike[str]]" = ()) -> "AuditReport":
    """Find copies, wrong labels, leaks between lists of trials, and shortcuts; change nothing.

    Parameters
    ----------
    trials : files of trials, to be compared with each other

    Raises
    ------
    TrialError
        A list of trials cannot be read.
    """
    from .analysis.audit import audit as audit_rows
    from .analysis.rows import AuditRows
    from .rerank.trials import read_trials

    lists = {str(path): read_trials(Path(path)) for path in trials}
    return audit_rows(opened(store).recordings.scan(columns=AuditRows.COLUMNS), lists)


def probe(
    store: "AnyStore",
    target: str,
    features: str = "stored",
    *,
    where: str | None = None,
    limit: int | None = None,
    classes: int = 50,
    folds: int = 5,
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    device: str = "auto",
    progress: "Reading | None" = None,
) -> "ProbeReport":
    """Say how well classifiers predict a tag from features; change nothing in the store.

    Parameters
    ----------
    target : `gender`, `speaker`, `noise` or `language`
    features : `stored` embeddings, stored `acoustics`, `mfcc`, else an encoder by name or path
    where : a DuckDB SQL condition on the recordings
    limit : recordings of each value at most
    classes : values of the tag at most, those with the most recordings
    folds, seed : of the cross-validation, in which no speaker is on both sides; for the speaker
        target, no file and no session
    out : a folder for the report, tables and plots
    device : of the encoder
    progress : called while audio is read

    Raises
    ------
    StoreError
        Too few speakers or files have the tag, or no audio can be read.
    UsageError
        A number is out of range, or there is no such target.
    OptionalDependencyError
        `out` is given and matplotlib is not installed.
    """
    from .analysis.probe import files, plots, run
    from .analysis.probe.choice import Scope
    from .analysis.probe.target import target_named

    tag, scope = target_named(target), Scope(folds, limit, classes, seed)
    if out is not None:
        plots.require_matplotlib()
    probed = run.probe(
        opened(store),
        tag,
        features,
        scope,
        where=where,
        extractor=lambda: _extractor(features, device),
        progress=progress or (lambda *_: None),
    )
    if out is not None:
        files.write(probed, Path(out))
    return probed.report


def sql(store: "AnyStore", statement: str) -> "duckdb.DuckDBPyRelation":
    """Query `recordings`, `scores`, `failures` and `trials` by DuckDB SQL, read-only.

    Raises
    ------
    SqlError
        The statement is no query, or DuckDB refused it.
    """
    from .store import sql as store_sql

    return store_sql.query(opened(store), statement)
