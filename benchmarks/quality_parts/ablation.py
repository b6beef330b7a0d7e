"""What each family of features is worth: rankers trained without it, on the records of the tables.

The rankers are the reranker's own kind, with as many trees as it has, trained on fewer trials; one
with all features is trained likewise, for comparison.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from train_default_reranker import draw

from spkret.metrics import hits
from spkret.rerank.crossval import CrossValidation
from spkret.rerank.importance import family_of
from spkret.rerank.linear import fit_listwise
from spkret.rerank.material import Material
from spkret.rerank.models import Ranking, fit_ranking
from spkret.rerank.ranker import Reranker
from spkret.rerank.recipe import Recipe
from spkret.rerank.trees import Examples
from spkret.rerank.trial_groups import group_trials
from spkret.retrieval.library import library
from spkret.retrieval.normalize import Background
from spkret.store.store import Store

from .figures import even, share
from .results import Ablation
from .scoring import Arena

Doubles = npt.NDArray[np.float64]

NOTHING = "nothing"


def ablate(
    training: Store, arenas: Mapping[str, Arena], reranker: Reranker, records: int, seed: int
) -> dict[str, dict[str, Ablation]]:
    """Leave out each family of features in turn.

    Parameters
    ----------
    training : the store to draw `records` trials from and to train on
    arenas : the records to measure on, by protocol
    reranker : whose trees are counted, and whose PLDA and background the records are seen by

    Returns
    -------
    ablations : by protocol, by family
    """
    examples = _examples(training, records, seed)
    recipe = replace(Recipe(), most_rounds=int(reranker.training["trees"]))
    names = examples.features.names
    families = dict.fromkeys(family_of(name) for name in names)
    kept = {NOTHING: names} | {
        family: tuple(name for name in names if family_of(name) != family) for family in families
    }
    rankings = {family: _fit(examples, rest, recipe, seed) for family, rest in kept.items()}
    return {
        protocol: _losses(arena, reranker, kept, rankings) for protocol, arena in arenas.items()
    }


def _examples(store: Store, records: int, seed: int) -> Examples:
    shelf = library(store)
    laid = group_trials(draw(store, records), shelf, None)
    background = Background.fit(shelf.labelled())
    material = Material(store.encoder, laid.gathered.voices, background, laid.groups, laid.matches)
    return CrossValidation.of(material, seed).examples


def _fit(examples: Examples, names: Sequence[str], recipe: Recipe, seed: int) -> Ranking:
    some = replace(examples, features=examples.features.select(tuple(names)))
    base = fit_listwise(some.features, some.groups, some.matches)
    return fit_ranking(some, base, recipe, seed)


def _losses(
    arena: Arena,
    reranker: Reranker,
    kept: Mapping[str, tuple[str, ...]],
    rankings: Mapping[str, Ranking],
) -> dict[str, Ablation]:
    features, offsets = arena.features(reranker), arena.groups.offsets
    cells = np.array([draw.cell for draw in arena.draws])
    speakers = np.array([draw.speaker for draw in arena.draws])
    found: dict[str, Doubles] = {
        family: even(
            hits(rankings[family].scores(features.select(names)), offsets, arena.matches), cells
        )
        for family, names in kept.items()
    }
    return {
        family: Ablation(
            len(kept[family]), float(top1.mean()), share(found[NOTHING] - top1, speakers)
        )
        for family, top1 in found.items()
    }
