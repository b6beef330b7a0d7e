"""Score drawn records by every system at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spkret.matcher.bench import Bench
from spkret.metrics import hits
from spkret.rerank.evaluation import system_scores
from spkret.rerank.features import Features
from spkret.rerank.ranker import Reranker
from spkret.rerank.scoring import Scored, score_groups
from spkret.rerank.trial_groups import group_trials
from spkret.retrieval.groups import Groups
from spkret.retrieval.library import Gathered, library
from spkret.retrieval.normalize import Centred
from spkret.retrieval.voices import Voices
from spkret.store.store import Store

from .drawing import Draw

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scored groups.

    Parameters
    ----------
    draws : the records, one a group
    voices : the recordings that `groups` counts
    groups, matches : candidates, and the position of each group's match among them all
    systems : scores (total,) of each system, the reranker's among them
    probabilities, log_odds : (total,), the reranker's, of candidates and of pairs
    """

    draws: Sequence[Draw]
    voices: Voices
    groups: Groups
    matches: Rows
    systems: Mapping[str, Doubles]
    probabilities: Doubles
    log_odds: Doubles

    @property
    def cells(self) -> Names:
        """The cell of each record."""
        return np.array([draw.cell for draw in self.draws])

    @property
    def speakers(self) -> Names:
        """The speaker of each record's anchor."""
        return np.array([draw.speaker for draw in self.draws])

    @property
    def languages(self) -> Names:
        """The language of each record's anchor."""
        return self.voices.languages[self.groups.anchors].astype(np.str_)

    @property
    def noise_pairs(self) -> Names:
        """The noise conditions of each record's anchor and match."""
        noises = self.voices.noises
        matched = noises[self.groups.candidates[self.matches]]
        pairs: Names = (noises[self.groups.anchors] + "->" + matched).astype(np.str_)
        return pairs

    def hits(self) -> dict[str, Doubles]:
        """Whether each system ranks the match first: (groups,) each."""
        return {n: hits(s, self.groups.offsets, self.matches) for n, s in self.systems.items()}

    @property
    def is_match(self) -> Flags:
        """Whether each candidate is its group's match: (total,)."""
        return self.groups.flags(self.matches)


@dataclass(frozen=True, slots=True)
class OpenScores:
    """Scored groups of which some have no match.

    Parameters
    ----------
    nobody : (groups,), whether a group has no match
    best : the best score (groups,) of each system
    none_probabilities : (groups,), the reranker's
    """

    nobody: Flags
    best: Mapping[str, Doubles]
    none_probabilities: Doubles


@dataclass(frozen=True, slots=True)
class Arena:
    """Records laid out over a store, seen against a background without their speakers."""

    draws: Sequence[Draw]
    gathered: Gathered
    centred: Centred
    groups: Groups
    matches: Rows

    @classmethod
    def of(cls, store: Store, draws: Sequence[Draw], size: int, reranker: Reranker) -> "Arena":
        """Lay out groups of `size`."""
        bench = Bench(store, library(store), reranker)
        laid = group_trials([draw.trial(size) for draw in draws], bench.library, None)
        by_id = {draw.id: draw for draw in draws}
        voices = laid.gathered.voices
        centred = bench.background_without(voices).apply(voices)
        kept = [by_id[trial.id] for trial in laid.trials]
        return cls(kept, laid.gathered, centred, laid.groups, laid.matches)

    def features(self, reranker: Reranker) -> Features:
        """Compute all features of all candidates, as a reranker wants them."""
        return score_groups(self.gathered, self.centred, self.groups, reranker).features

    def score(self, reranker: Reranker) -> Scores:
        """Score every group by every system."""
        scored = score_groups(self.gathered, self.centred, self.groups, reranker)
        return Scores(
            draws=self.draws,
            voices=self.gathered.voices,
            groups=self.groups,
            matches=self.matches,
            systems=_systems(scored, reranker),
            probabilities=scored.probabilities,
            log_odds=reranker.pair_log_odds(scored.features),
        )

    def score_open(self, reranker: Reranker, hidden: Flags) -> OpenScores:
        """Score every group, those `hidden` (groups,) without their matches."""
        groups = without_matches(self.groups, self.matches, hidden)
        scored = score_groups(self.gathered, self.centred, groups, reranker)
        systems = _systems(scored, reranker)
        best = {name: groups.max(scores) for name, scores in systems.items()}
        return OpenScores(hidden, best, scored.none_probabilities)


def _systems(scored: Scored, reranker: Reranker) -> dict[str, Doubles]:
    return system_scores(scored.features, reranker.qmf.scores(scored.features), scored.scores)


def without_matches(groups: Groups, matches: Rows, hidden: Flags) -> Groups:
    """Take the matches out of the groups that are `hidden` (groups,), and nobody else."""
    return groups.without(matches[hidden])
