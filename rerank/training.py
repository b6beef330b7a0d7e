"""Train a reranker, and measure it by cross-validation in which no speaker is seen twice."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RerankerError
from ..retrieval.groups import Groups
from ..retrieval.normalize import Background, Centred
from ..retrieval.plda import Plda
from ..retrieval.voices import Voices
from ..store.schema import EncoderIdentity
from .booster import Booster
from .calibration import Calibration, evidence, fit_none, fit_temperature
from .cross_plda import CrossPlda
from .evaluation import Evaluation, evaluate_groups, system_scores
from .features import Features, compute
from .linear import Linear, fit_linear, fit_listwise
from .ranker import Parts, Reranker
from .trees import MOST_ROUNDS, Examples, fit_trees

Doubles = npt.NDArray[np.float64]
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
    """

    encoder: EncoderIdentity
    voices: Voices
    background: Background
    groups: Groups
    matches: Rows


@dataclass(frozen=True, slots=True)
class _Models:
    """The models of one fold, or of all."""

    qmf: Linear
    base: Linear
    model: str
    rounds: int

    def scores(self, features: Features) -> Doubles:
        return self.base.scores(features) + Booster(self.model).scores(features.matrix)


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """Scores (total,) of candidates by models that never saw their anchor's speaker."""

    reranker: Doubles
    qmf: Doubles
    asnorm: Doubles
    groups: Groups

    def evidence(self, temperature: float) -> Doubles:
        return evidence(self.reranker / temperature, self.asnorm, self.qmf, self.groups)


def train(
    material: Material, *, seed: int = 0, skipped: int = 0, warnings: Sequence[str] = ()
) -> tuple[Reranker, Evaluation]:
    """Train a reranker on all groups, calibrated and measured on held-out speakers.

    Speakers of anchors are dealt into folds. For each fold, models are trained on the groups of the
    others, from which its speakers are removed, with one more fold held back to stop the trees.
    `skipped` and `warnings` are handed on to the evaluation.

    Returns
    -------
    reranker : trained on everything
    evaluation : every system on every group, the trained ones by the fold that held it out

    Raises
    ------
    RerankerError
        The groups have fewer than `FEWEST_SPEAKERS` speakers of anchors.
    """
    folds = _folds(material, seed)
    centred = material.background.apply(material.voices)
    cross = CrossPlda(centred.embeddings, material.voices.speakers, folds)
    examples = cross.complete(_examples(material, centred), None)
    models = [_fold_models(material, centred, cross, fold, seed) for fold in range(FOLDS)]
    closed = _held_out(models, examples, folds[material.groups.anchors])
    opened = _opened(material, centred, cross, models)
    temperature = fit_temperature(closed.reranker, material.groups, material.matches)
    none = fit_none(closed.evidence(temperature), opened.evidence(temperature))
    measured = _evaluation(material, examples, closed, temperature)
    evaluation = replace(measured, skipped=skipped, warnings=[*warnings, *measured.warnings])
    rounds = int(np.median([model.rounds for model in models]))
    final = _fit(examples, seed, None, rounds)
    parts = Parts(
        encoder=material.encoder,
        names=examples.features.names,
        qmf=final.qmf,
        base=final.base,
        model=final.model,
        calibration=Calibration(temperature, *none),
        background=material.background,
        plda=Plda.fit(centred.embeddings, material.voices.speakers),
        training=_facts(material, seed, rounds, evaluation),
    )
    return Reranker.build(parts), evaluation


def _folds(material: Material, seed: int) -> Folds:
    """Deal the speakers into folds: the fold of each recording, -1 where the speaker is unknown."""
    speakers = material.voices.speakers
    names = sorted({name for name in speakers.tolist() if name is not None})
    anchors = len({name for name in speakers[material.groups.anchors].tolist() if name is not None})
    if anchors < FEWEST_SPEAKERS:
        raise RerankerError(
            f"expected trials with anchors of at least {FEWEST_SPEAKERS} labelled speakers,"
            f" got {anchors}; index and label more recordings"
        )
    order = np.random.default_rng([seed, 2]).permutation(len(names))
    fold_of = dict(zip(names, (order % FOLDS).tolist(), strict=True))
    return np.array([fold_of.get(name, -1) for name in speakers.tolist()], np.int64)


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
    return Examples(compute(material.voices, centred, groups), groups, matches)


def _fold_models(
    material: Material, centred: Centred, cross: CrossPlda, fold: int, seed: int
) -> _Models:
    """Train without the speakers of a fold; those of the next decide when to stop."""
    stop = (fold + 1) % FOLDS
    folds = cross.folds
    anchor_folds = folds[material.groups.anchors]
    unseen = np.flatnonzero((folds == fold) | (folds == stop))
    rest = np.flatnonzero((anchor_folds != fold) & (anchor_folds != stop))
    watched = np.flatnonzero(anchor_folds == stop)
    if not len(rest) or not len(watched):
        raise RerankerError("expected trials of more speakers; draw more with make-trials")
    train = _examples(material, centred, rest, unseen)
    held = _examples(material, centred, watched, np.flatnonzero(folds == fold))
    return _fit(cross.complete(train, fold), seed, cross.complete(held, fold), MOST_ROUNDS)


def _fit(train: Examples, seed: int, held: Examples | None, rounds: int) -> _Models:
    qmf = fit_linear(train.features, train.is_match)
    base = fit_listwise(train.features, train.groups, train.matches)
    watched = None if held is None else (held, base.scores(held.features))
    model, rounds = fit_trees(train, base.scores(train.features), seed, watched, rounds)
    return _Models(qmf, base, model, rounds)


def _held_out(models: Sequence[_Models], examples: Examples, anchor_folds: Folds) -> _HeldOut:
    """Score each group by the models of the fold that held its anchor's speaker out."""
    reranker = np.empty(len(examples.groups.candidates))
    qmf = np.empty(len(examples.groups.candidates))
    for fold, model in enumerate(models):
        inside = anchor_folds == fold if fold else anchor_folds <= 0
        positions = examples.groups.positions(np.flatnonzero(inside))
        if len(positions):
            features = examples.features.take(positions)
            reranker[positions] = model.scores(features)
            qmf[positions] = model.qmf.scores(features)
    return _HeldOut(reranker, qmf, examples.features.column("asnorm"), examples.groups)


def _opened(
    material: Material, centred: Centred, cross: CrossPlda, models: Sequence[_Models]
) -> _HeldOut:
    """Score the groups of two or more again, without their matches."""
    which = np.flatnonzero(material.groups.sizes > 1)
    if not len(which):
        raise RerankerError("expected groups of two candidates or more, got groups of one")
    part = replace(material, groups=material.groups.take(which))
    within = material.matches[which] - material.groups.offsets[which]
    groups = part.groups.without(part.groups.offsets[:-1] + within)
    nowhere = np.zeros(len(groups), np.int64)
    examples = Examples(compute(material.voices, centred, groups), groups, nowhere)
    return _held_out(models, cross.complete(examples, None), cross.folds[groups.anchors])


def _evaluation(
    material: Material, examples: Examples, closed: _HeldOut, temperature: float
) -> Evaluation:
    systems = system_scores(examples.features, closed.qmf, closed.reranker)
    return evaluate_groups(systems, temperature, material.voices, material.groups, material.matches)


def _facts(material: Material, seed: int, rounds: int, evaluation: Evaluation) -> Mapping[str, Any]:
    """Say what made the reranker, to be saved with it."""
    ids = material.voices.ids
    drawn = np.concatenate([ids[material.groups.anchors], ids[material.groups.candidates]])
    libraries = ("spkret", "lightgbm", "numpy", "scikit-learn", "scipy")
    return {
        "seed": seed,
        "folds": FOLDS,
        "trees": rounds,
        "trials": len(material.groups),
        "trials_hash": hashlib.blake2b(drawn.tobytes(), digest_size=8).hexdigest(),
        "versions": {name: version(name) for name in libraries},
        "cross_validation": evaluation.to_dict(),
    }
