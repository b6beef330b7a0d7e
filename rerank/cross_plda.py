"""PLDA scores of training trials by models that saw none of the speakers concerned."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.plda import Plda
from .trees import Examples

Floats = npt.NDArray[np.float32]
Folds = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CrossPlda:
    """PLDA models without some folds of the speakers.

    Parameters
    ----------
    embeddings : float32 (n, dimension), centred, of unit length
    speakers : str or None (n,)
    folds : (n,), the fold of each recording's speaker, -1 where it is unknown
    """

    embeddings: Floats
    speakers: npt.NDArray[np.object_]
    folds: Folds
    _models: dict[frozenset[int], Plda | None] = field(default_factory=dict)

    def folds_of(self, groups: Groups) -> Folds:
        """Fold that tests each group (groups,): its anchor's, the first for unknown speakers."""
        return np.maximum(self.folds[groups.anchors], 0)

    def complete(self, examples: Examples, outer: int | None) -> Examples:
        """Fill in each group's PLDA features by a model without its anchor's fold.

        The model is also without the fold `outer`, which is held out for a test.
        """
        groups = examples.groups
        scores = np.full(len(groups.candidates), np.nan)
        anchor_folds = self.folds[groups.anchors]
        for fold in np.unique(anchor_folds).tolist():
            model = self._without(frozenset({fold} if outer is None else {fold, outer}))
            which = np.flatnonzero(anchor_folds == fold)
            if model is not None:
                scores[groups.positions(which)] = model.group_scores(
                    self.embeddings, groups.take(which)
                )
        return replace(examples, features=examples.features.with_plda(scores, groups))

    def _without(self, excluded: frozenset[int]) -> Plda | None:
        if excluded not in self._models:
            keep = ~np.isin(self.folds, list(excluded))
            self._models[excluded] = Plda.fit(self.embeddings[keep], self.speakers[keep])
        return self._models[excluded]
