"""What the reranker in use goes by."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...rerank.feature_table import FEATURES
from ...rerank.ranker import Reranker

_USER_COLUMN = "a column of the manifest"


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """How much a feature matters, as saved with the reranker; see `rerank.importance.Importance`.

    Attributes
    ----------
    gain : share of the loss that the trees' splits on it took off
    contribution : how far it moves a candidate from the mean of its group, in log odds
    meaning : what the feature is
    """

    name: str
    gain: float
    contribution: float
    meaning: str


def importance_of(reranker: Reranker | None) -> Sequence[FeatureImportance]:
    """List the features, the one that moves candidates furthest first; none without a reranker."""
    saved = {} if reranker is None else reranker.training.get("importance", {})
    meanings = {feature.name: feature.doc for feature in FEATURES}
    listed = [
        FeatureImportance(
            name, figures["gain"], figures["contribution"], meanings.get(name, _USER_COLUMN)
        )
        for name, figures in saved.items()
    ]
    return sorted(listed, key=lambda feature: -feature.contribution)
