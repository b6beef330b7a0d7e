"""Speaker-disjoint cross-validation: what each fold is trained, stopped and measured on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from ..errors import RerankerError
from ..retrieval.groups import Groups
from ..retrieval.normalize import Centred
from .calibration import evidence
from .cross_plda import CrossPlda
from .features import Features, compute
from .folds import FOLDS
from .material import Material
from .models import Models
from .trees import Examples

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Scorer = Callable[[Features], Doubles]


@dataclass(frozen=True, slots=True)
class Fold:
    """Examples of the speakers that a fold's models see.

    Parameters
    ----------
    train : to fit to, without the fold's speakers and those of the next fold
    held : of the next fold's speakers, to stop the trees by, without the fold's own
    """

    train: Examples
    held: Examples


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The folds of some material.

    Parameters
    ----------
    material : all of it
    centred : its recordings against its background
    cross : PLDA that never saw whom it scores
    examples : of all groups
    folds : what each fold's models are trained on
    """

    material: Material
    centred: Centred
    cross: CrossPlda
    examples: Examples
    folds: Sequence[Fold]

    @classmethod
    def of(cls, material: Material, seed: int) -> Self:
        """Deal the speakers into folds and compute all features.

        Raises
        ------
        RerankerError
            The trials have too few speakers, or groups of one.
        """
        centred = material.background.apply(material.voices)
        cross = CrossPlda(centred.embeddings, material.voices.speakers, material.deal(seed))
        examples = cross.complete(_examples(material, centred), None)
        folds = [_fold(material, centred, cross, fold) for fold in range(FOLDS)]
        return cls(material, centred, cross, examples, folds)

    def tested(self, fold: int) -> Examples:
        """Return the groups whose anchor's speaker a fold holds out."""
        return self.examples.take(_tested(self.examples, self.cross, fold))

    def held_out(self, scorers: Sequence[Scorer], examples: Examples | None = None) -> Doubles:
        """Score each group (total,) by the fold that holds its anchor's speaker out."""
        examples = examples or self.examples
        scores = np.empty(len(examples.groups.candidates))
        for fold, scorer in enumerate(scorers):
            positions = examples.groups.positions(_tested(examples, self.cross, fold))
            if len(positions):
                scores[positions] = scorer(examples.features.take(positions))
        return scores

    def examples_of(self, groups: Groups, matches: Rows) -> Examples:
        """Compute the examples of other groups of the same recordings."""
        part = replace(self.material, groups=groups, matches=matches)
        return self.cross.complete(_examples(part, self.centred), None)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores (total,) of candidates by models that never saw their anchor's speaker."""

    reranker: Doubles
    qmf: Doubles
    examples: Examples

    @classmethod
    def of(cls, cv: CrossValidation, models: Sequence[Models], examples: Examples) -> Self:
        """Score examples by the models of the folds."""
        return cls(
            cv.held_out([model.ranking.scores for model in models], examples),
            cv.held_out([model.qmf.scores for model in models], examples),
            examples,
        )

    def evidence(self, temperature: float) -> Doubles:
        """Describe the winners, see `calibration.evidence`."""
        asnorm = self.examples.features.column("asnorm")
        return evidence(self.reranker / temperature, asnorm, self.qmf, self.examples.groups)


def _tested(examples: Examples, cross: CrossPlda, fold: int) -> Rows:
    """Numbers of the groups that a fold tests; those of unknown speakers are the first fold's."""
    return np.flatnonzero(cross.folds_of(examples.groups) == fold)


def _fold(material: Material, centred: Centred, cross: CrossPlda, fold: int) -> Fold:
    """Leave out the speakers of a fold; those of the next decide when to stop.

    Groups whose match is of a speaker left out, while their anchor is not, are left out as well.
    """
    stop = (fold + 1) % FOLDS
    folds, owners = cross.folds, cross.folds_of(material.groups)
    matched = folds[material.groups.candidates[material.matches]]
    unseen = np.flatnonzero((folds == fold) | (folds == stop))
    rest = np.flatnonzero(~np.isin(owners, (fold, stop)) & ~np.isin(matched, (fold, stop)))
    watched = np.flatnonzero((owners == stop) & (matched != fold))
    if not len(rest) or not len(watched):
        raise RerankerError("expected trials of more speakers; draw more with make-trials")
    train = _examples(material, centred, rest, unseen)
    if train.is_match.all():
        raise RerankerError("expected groups of several candidates to train on, got groups of one")
    held = _examples(material, centred, watched, np.flatnonzero(folds == fold))
    return Fold(cross.complete(train, fold), cross.complete(held, fold))


def _examples(
    material: Material, centred: Centred, which: Rows | None = None, hidden: Rows | None = None
) -> Examples:
    """Compute the examples of some groups, less the candidates whose rows are hidden."""
    groups, matches = material.groups, material.matches
    if which is not None:
        within = matches[which] - groups.offsets[which]
        groups = groups.take(which)
        matches = groups.offsets[:-1] + within
    if hidden is not None:
        drop = np.flatnonzero(np.isin(groups.candidates, hidden))
        groups, matches = groups.without(drop), matches - np.searchsorted(drop, matches)
    features = compute(material.voices, centred, groups, plan=material.plan)
    return Examples(features, groups, matches)
