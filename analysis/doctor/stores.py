"""The store: whether it opens, and whether what it needs is here."""

from collections.abc import Iterator, Sequence

from ...errors import SpkretError
from ...indexer.encoders import registry
from ...indexer.encoders.base import ModelInfo
from ...indexer.extraction import parse
from ...rerank.loading import load_for
from ...store.location import Place
from ...store.store import Store
from .lines import Line, ok, problem, warning

_CHECK = "spkret check --repair"


def store(folder: Place | None) -> Iterator[Line]:
    """Check a store: opens, indexes are fresh, encoder and reranker can be used."""
    if folder is None:
        yield ok("store", "none here yet", "make one: spkret index AUDIO_DIR")
        return
    try:
        opened = Store.open(folder)
        rows = opened.recordings.delta.count()
    except (SpkretError, OSError) as error:
        yield problem("store", str(error), f"look closer: spkret check --store {folder}")
        return
    yield ok("store", f"{opened.place} opens: {rows:,} recordings")
    yield _indexes(opened)
    yield _encoder(opened, registry.models())
    yield _reranker(opened)


def _indexes(store: Store) -> Line:
    if store.vectors.fresh():
        return ok("indexes of the store", "fresh")
    return warning("indexes of the store", "stale: the next search builds them", _CHECK)


def _encoder(store: Store, known: Sequence[ModelInfo]) -> Line:
    """Say whether new sound can be embedded as the store's was."""
    subject, name = "encoder of the store", parse(store.encoder.name).encoder
    cached = {model.name: model.cached for model in known}
    if name == registry.DEFAULT:
        return _shipped(store, subject)
    if cached.get(name):
        return ok(subject, f"{name}, usable offline")
    if name in cached:
        return warning(subject, f"{name} is not here yet", "it is fetched for the first new file")
    return warning(
        subject,
        f"{name} is no name of `spkret models`: stored recordings are compared, new files are not",
        "say where it is, with --model, when a file is not stored",
    )


def _shipped(store: Store, subject: str) -> Line:
    """Compare the shipped encoder with the one that the store is bound to."""
    shipped = registry.load(registry.DEFAULT, "cpu").identity
    if shipped.fingerprint == store.encoder.fingerprint or store.encoder.name != shipped.name:
        return ok(subject, f"{store.encoder.name}, ships with spkret")
    return problem(
        subject,
        f"{shipped.name} of another version ({store.encoder.fingerprint[:12]}; this spkret ships"
        f" {shipped.fingerprint[:12]})",
        "index again into a new --store, or name the old one's folder with --model",
    )


def _reranker(store: Store) -> Line:
    subject = "reranker of the store"
    try:
        reranker = load_for(store)
    except SpkretError as error:
        return problem(subject, str(error), "spkret train-reranker TRIALS")
    if reranker is None:
        message = f"none for {store.encoder.name}: candidates are ranked by normalised cosines"
        return warning(subject, message, "train one: spkret train-reranker TRIALS")
    own = store.reranker_path.is_dir()
    return ok(subject, "trained for this store" if own else "the one that ships with spkret")
