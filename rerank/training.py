"""Train a reranker, and measure it by cross-validation in which no speaker is seen twice."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from ..retrieval.plda import Plda
from .calibrating import Calibrated, calibrate
from .crossval import CrossValidation
from .evaluation import Evaluation, evaluate_groups, system_scores
from .folds import FOLDS
from .importance import Ablation, Importance, ablate, importances
from .material import Material
from .models import Models, fit_models
from .ranker import Parts, Reranker
from .recipe import Recipe
from .tuning import Tuned, tune

__all__ = ["Effort", "Material", "TrainingEvaluation", "train"]

Progress = Callable[[str, int, int, str], None]
"""Called with what is under way, how much of it is done, of how much, and how it goes."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What to do besides training.

    Parameters
    ----------
    recipe : how the trees grow
    tune : recipes to try, from that one on; 0 takes it as it is
    ablation : whether to train again without each family of features
    """

    recipe: Recipe = field(default_factory=Recipe)
    tune: int = 0
    ablation: bool = False


@dataclass(frozen=True, slots=True)
class TrainingEvaluation(Evaluation):
    """The cross-validated figures of a reranker, and what it goes by.

    Parameters
    ----------
    recipe : how its trees were grown
    tuned : what a search for the recipe found
    importance : of each feature, the most important first
    ablation : what leaving out each family of features costs; empty where it was not asked for
    """

    recipe: Recipe = field(default_factory=Recipe)
    tuned: Tuned | None = None
    importance: Mapping[str, Importance] = field(default_factory=dict)
    ablation: Mapping[str, Ablation] = field(default_factory=dict)


def train(
    material: Material,
    effort: Effort | None = None,
    *,
    seed: int = 0,
    skipped: int = 0,
    warnings: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[Reranker, TrainingEvaluation]:
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
        The groups have too few speakers of anchors.
    """
    effort = effort or Effort()
    cv = CrossValidation.of(material, seed)
    recipe, tuned = _recipe(cv, effort, seed, progress)
    models = _cross_validated(cv, recipe, seed, progress)
    calibrated = calibrate(cv, models, seed)
    rounds = int(np.median([model.ranking.rounds for model in models]))
    final = fit_models(cv.examples, replace(recipe, most_rounds=rounds), seed)
    measured = _evaluation(material, calibrated)
    held_out = calibrated.closed.reranker
    told = None if progress is None else partial(progress, "ablation")
    evaluation = TrainingEvaluation(
        **{part.name: getattr(measured, part.name) for part in fields(measured)}
        | {"skipped": skipped, "warnings": [*warnings, *measured.warnings]},
        recipe=recipe,
        tuned=tuned,
        importance=importances(final.ranking, cv.examples),
        ablation=ablate(cv, held_out, recipe, seed, told) if effort.ablation else {},
    )
    parts = Parts(
        encoder=material.encoder,
        names=cv.examples.features.names,
        qmf=final.qmf,
        base=final.ranking.base,
        model=final.ranking.model,
        calibration=calibrated.calibration,
        none_model=calibrated.none.trees,
        background=material.background,
        plda=Plda.fit(cv.centred.embeddings, material.voices.speakers),
        training=_facts(material, seed, rounds, evaluation),
        columns=material.columns,
    )
    return Reranker.build(parts), evaluation


def _cross_validated(
    cv: CrossValidation, recipe: Recipe, seed: int, progress: Progress | None
) -> list[Models]:
    """Fit the models of every fold."""
    models = []
    for fold in cv.folds:
        models.append(fit_models(fold.train, recipe, seed, fold.held))
        if progress is not None:
            progress("cross-validation", len(models), len(cv.folds), "")
    return models


def _recipe(
    cv: CrossValidation, effort: Effort, seed: int, progress: Progress | None
) -> tuple[Recipe, Tuned | None]:
    if not effort.tune:
        return effort.recipe, None

    def told(done: int, total: int, gain: float) -> None:
        if progress is not None:
            progress("tuning", done, total, f"{gain:+.4f} nats")

    tuned = tune(cv, effort.recipe, effort.tune, seed, told)
    return tuned.recipe, tuned


def _evaluation(material: Material, calibrated: Calibrated) -> Evaluation:
    closed, chances = calibrated.closed, calibrated.chances()
    systems = system_scores(closed.examples.features, closed.qmf, closed.reranker)
    return evaluate_groups(systems, chances, material.voices, material.groups, material.matches)


def _facts(
    material: Material, seed: int, rounds: int, evaluation: TrainingEvaluation
) -> Mapping[str, Any]:
    """Say what made the reranker, to be saved with it."""
    ids = material.voices.ids
    drawn = np.concatenate([ids[material.groups.anchors], ids[material.groups.candidates]])
    libraries = ("spkret", "lightgbm", "numpy", "scikit-learn", "scipy")
    figures = evaluation.to_dict()
    found = {name: figures.pop(name) for name in ("recipe", "tuned", "importance", "ablation")}
    return {
        "seed": seed,
        "folds": FOLDS,
        "held_out": "speakers" if material.domains is None else "domains",
        "trees": rounds,
        **found,
        "trials": len(material.groups),
        "trials_hash": hashlib.blake2b(drawn.tobytes(), digest_size=8).hexdigest(),
        "versions": {name: version(name) for name in libraries},
        "cross_validation": figures,
    }
