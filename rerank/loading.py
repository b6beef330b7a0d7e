"""Which reranker serves a store: its own, else the one that ships for its encoder."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RerankerMismatchError
from .ranker import Reranker

if TYPE_CHECKING:
    from ..store.store import Store

DEFAULT = Path(__file__).parent / "default"


def load_for(store: "Store") -> Reranker | None:
    """Load the store's own reranker, else the shipped one if it fits; None if neither is there.

    Raises
    ------
    RerankerError
        The reranker is damaged or of another version.
    RerankerMismatchError
        The store's own reranker was trained on another encoder.
    """
    own = _load(store.reranker_path)
    if own is not None:
        check_encoder(own, store)
        return own
    shipped = _load(DEFAULT)
    fits = shipped is not None and shipped.encoder_fingerprint == store.encoder.fingerprint
    return shipped if fits else None


def check_encoder(reranker: Reranker, store: "Store") -> None:
    """Refuse a reranker of another encoder.

    Raises
    ------
    RerankerMismatchError
        Its encoder is not the store's.
    """
    if reranker.encoder_fingerprint != store.encoder.fingerprint:
        raise RerankerMismatchError(
            f"expected a reranker for {store.encoder.name!r} ({store.encoder.fingerprint}), got one"
            f" trained on {reranker.encoder.name!r} ({reranker.encoder_fingerprint});"
            " run `spkret train-reranker`"
        )


def _load(folder: Path) -> Reranker | None:
    try:
        written = (folder / "reranker.json").stat().st_mtime_ns
    except OSError:
        return None
    return _read(folder, written)


@lru_cache(maxsize=4)
def _read(folder: Path, written: int) -> Reranker:  # noqa: ARG001 - `written` is part of the key
    return Reranker.load(folder)
