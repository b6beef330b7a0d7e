"""What a reranker is trained on, and how its speakers are dealt into folds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.normalize import Background
from ..retrieval.voices import Labels, Voices
from ..store.schema import EncoderIdentity
from .features import Plan
from .folds import Folds, deal
from .user_columns import UserColumn

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """What a reranker is trained on.

    Parameters
    ----------
    encoder : whose embeddings these are
    voices : the recordings that `groups` counts
    background : means and cohort of the store they come from
    groups : anchors and candidates
    matches : (groups,), the position of each group's match among all candidates
    columns : the user's own that features are made of
    domains : (n,), of the recordings, held out as a whole in cross-validation; None for speakers
    """

    encoder: EncoderIdentity
    voices: Voices
    background: Background
    groups: Groups
    matches: Rows
    columns: tuple[UserColumn, ...] = ()
    domains: Labels | None = None

    @property
    def plan(self) -> Plan:
        """What features are computed from besides the recordings."""
        return Plan(self.encoder.parts, self.columns)

    def deal(self, seed: int) -> Folds:
        """Deal the speakers into folds, see `folds.deal`."""
        return deal(self.voices.speakers, self.groups.anchors, self.domains, seed)
