"""Score drawn records by every system at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spkret.matcher.bench import Bench
from spkret.metrics import hits
from spkret.rerank.evaluation import Evaluation, evaluate_groups, system_scores
from spkret.rerank.ranker import Reranker
from spkret.rerank.reliability import Chances
from spkret.rerank.scoring import score_groups
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

_GROUPS_A_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Scores:
    """Scored groups.

    Parameters
    ----------
    draws : the records, one a group
    voices : the recordings that `groups` counts
    groups, matches : candidates, and the position of each group's match among them all
    systems : scores (total,) of each system, the reranker's among them
    probabilities : (total,), the reranker's
    reranker : what scored them
    """

    draws: Sequence[Draw]
    voices: Voices
    groups: Groups
    matches: Rows
    systems: Mapping[str, Doubles]
    probabilities: Doubles
    reranker: Reranker

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
        return (noises[self.groups.anchors] + "->" + matched).astype(np.str_)

    def hits(self) -> dict[str, Doubles]:
        """Whether each system ranks the match first: (groups,) each."""
        return {n: hits(s, self.groups.offsets, self.matches) for n, s in self.systems.items()}

    def evaluation(self) -> Evaluation:
        """Measure as `spkret evaluate` does."""
        nothing = np.empty(0)
        chances = Chances(self.probabilities, self.systems["qmf"], nothing, nothing)
        return evaluate_groups(self.systems, chances, self.voices, self.groups, self.matches)


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

    def score(self, reranker: Reranker) -> Scores:
        """Score every group by every system."""
        systems, probabilities, _ = self._score(reranker, self.groups)
        voices = self.gathered.voices
        return Scores(
            self.draws, voices, self.groups, self.matches, systems, probabilities, reranker
        )

    def score_open(self, reranker: Reranker, hidden: Flags) -> OpenScores:
        """Score every group, those `hidden` (groups,) without their matches."""
        groups = without_matches(self.groups, self.matches, hidden)
        systems, _, none = self._score(reranker, groups)
        best = {name: groups.max(scores) for name, scores in systems.items()}
        return OpenScores(hidden, best, none)

    def _score(
        self, reranker: Reranker, groups: Groups
    ) -> tuple[dict[str, Doubles], Doubles, Doubles]:
        """Scores and probabilities of candidates (total,), probabilities of none (groups,)."""
        systems, probabilities, none = [], [], []
        for part in _blocks(groups):
            scored = score_groups(self.gathered, self.centred, part, reranker)
            qmf = reranker.qmf.scores(scored.features)
            systems.append(system_scores(scored.features, qmf, scored.scores))
            probabilities.append(scored.probabilities)
            none.append(scored.none_probabilities)
        joined = {name: np.concatenate([part[name] for part in systems]) for name in systems[0]}
        return joined, np.concatenate(probabilities), np.concatenate(none)


def without_matches(groups: Groups, matches: Rows, hidden: Flags) -> Groups:
    """Take the matches out of the groups that are `hidden` (groups,), and nobody else."""
    return groups.without(matches[hidden])


def _blocks(groups: Groups) -> Iterator[Groups]:
    """Cut into consecutive parts, so that features of few groups are held at a time."""
    numbers = np.arange(len(groups))
    for start in range(0, len(groups), _GROUPS_A_BLOCK):
        yield groups.take(numbers[start : start + _GROUPS_A_BLOCK])
