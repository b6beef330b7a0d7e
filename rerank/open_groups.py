"""What a reranker says of the same groups with their matches and without."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.library import Gathered
from ..retrieval.normalize import Centred
from .ranker import Reranker
from .reliability import Chances
from .scoring import Scored, score_groups

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST_OPENED = 250
"""Of so many groups at most, evenly spread, the matches are taken out to see what is said then."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Groups whose match is known, and what they are seen by.

    Parameters
    ----------
    gathered, centred : the recordings
    groups : anchors and candidates
    matches : (groups,), the position of each group's match among all candidates
    reranker : scores them
    """

    gathered: Gathered
    centred: Centred
    groups: Groups
    matches: Rows
    reranker: Reranker

    def chances(self, scored: Scored) -> Chances:
        """Gather what the reranker says of all groups; `scored` are they, with their matches."""
        which = self._opened()
        return Chances(
            scored.probabilities,
            self.reranker.pair_log_odds(scored.features),
            scored.none_probabilities[which],
            self._without_matches(which),
        )

    def _opened(self) -> Rows:
        several = np.flatnonzero(self.groups.sizes > 1)
        step = max(1, -(-len(several) // MOST_OPENED))
        return several[::step]

    def _without_matches(self, which: Rows) -> Doubles:
        if not len(which):
            return np.empty(0)
        within = self.matches[which] - self.groups.offsets[which]
        part = self.groups.take(which)
        opened = part.without(part.offsets[:-1] + within)
        scored = score_groups(self.gathered, self.centred, opened, self.reranker)
        return scored.none_probabilities
