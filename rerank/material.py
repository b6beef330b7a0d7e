"""What a reranker is trained on, and how its speakers are dealt into folds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import RerankerError
from ..retrieval.groups import Groups
from ..retrieval.normalize import Background
from ..retrieval.voices import Voices
from ..store.schema import EncoderIdentity
from .features import Plan
from .user_columns import UserColumn

Rows = npt.NDArray[np.int64]
Folds = npt.NDArray[np.int64]

FOLDS = 5
FEWEST_SPEAKERS = 10


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
    """

    encoder: EncoderIdentity
    voices: Voices
    background: Background
    groups: Groups
    matches: Rows
    columns: tuple[UserColumn, ...] = ()

    @property
    def plan(self) -> Plan:
        """What features are computed from besides the recordings."""
        return Plan(self.encoder.parts, self.columns)

    def deal(self, seed: int) -> Folds:
        """Deal the speakers into folds: that of each recording, -1 where the speaker is unknown.

        Raises
        ------
        RerankerError
            The groups have fewer than `FEWEST_SPEAKERS` speakers of anchors.
        """
        speakers = self.voices.speakers
        names = sorted({name for name in speakers.tolist() if name is not None})
        known = {name for name in speakers[self.groups.anchors].tolist() if name is not None}
        if len(known) < FEWEST_SPEAKERS:
            raise RerankerError(
                f"expected trials with anchors of at least {FEWEST_SPEAKERS} labelled speakers,"
                f" got {len(known)}; index and label more recordings"
            )
        order = np.random.default_rng([seed, 2]).permutation(len(names))
        fold_of = dict(zip(names, (order % FOLDS).tolist(), strict=True))
        return np.array([fold_of.get(name, -1) for name in speakers.tolist()], np.int64)
