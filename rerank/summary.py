"""What is known of the reranker that serves a store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .loading import load_for

if TYPE_CHECKING:
    from ..store.store import Store
    from .ranker import Reranker


@dataclass(frozen=True, slots=True)
class RerankerSummary:
    """Where a reranker comes from, what it was trained on, and how good it was there.

    Attributes
    ----------
    source : `store`, which trained it, or `shipped` with spkret
    fingerprint : of the reranker, as the scores table has it
    encoder : that it was trained on
    saved_at : when the store's own was saved, ISO 8601 in UTC; None of a shipped one
    features, trees : how many it looks at, and how many trees it has
    trials, folds : it was trained on, and dealt into for cross-validation
    held_out : what a fold keeps from its models, `speakers` or `domains`
    systems : its own cross-validated figures, beside those of the others: top-1 and its 95 %
        interval, MRR, EER, minDCF
    importance : of each feature, the most important first: its share of the trees' gain, and by how
        much it moves the log odds
    versions : of what trained it
    """

    source: str
    fingerprint: str
    encoder: str
    saved_at: str | None
    features: int
    trees: int | None
    trials: int | None
    folds: int | None
    held_out: str | None
    systems: Mapping[str, Mapping[str, Any]]
    importance: Mapping[str, Mapping[str, float]]
    versions: Mapping[str, str]


def summarise_for(store: "Store") -> RerankerSummary | None:
    """Summarise the reranker that serves a store, see `load_for`; None if there is none.

    Raises
    ------
    RerankerError
        The reranker is damaged, of another version, or of another encoder.
    """
    reranker = load_for(store)
    if reranker is None:
        return None
    own = store.reranker_path / "reranker.json"
    return _summary(reranker, own.stat().st_mtime if own.exists() else None)


def _summary(reranker: "Reranker", saved: float | None) -> RerankerSummary:
    told = reranker.training
    return RerankerSummary(
        source="shipped" if saved is None else "store",
        fingerprint=reranker.fingerprint,
        encoder=reranker.encoder.name,
        saved_at=None if saved is None else datetime.fromtimestamp(int(saved), UTC).isoformat(),
        features=len(reranker.names),
        trees=told.get("trees"),
        trials=told.get("trials"),
        folds=told.get("folds"),
        held_out=told.get("held_out"),
        systems=told.get("cross_validation", {}).get("systems", {}),
        importance=told.get("importance") or {},
        versions=told.get("versions", {}),
    )
