"""One encoder on one rendering of the recordings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spkret.rerank.ranker import Reranker
from spkret.store.store import Store

from . import figures
from .drawing import Draw, draw
from .grounds import CONDITIONS
from .plan import GROUP, Plan, Row
from .results import OpenFigures, ProtocolResult, SizeFigures
from .scoring import Arena, Scores


@dataclass(frozen=True, slots=True)
class Drawn:
    """The records of a protocol.

    Parameters
    ----------
    first : those of the tables
    further : those that calibration is measured on as well
    sized : those of the table by group size, each as large as the largest
    sizes : of groups
    """

    first: Sequence[Draw]
    further: Sequence[Draw]
    sized: Sequence[Draw]
    sizes: Sequence[int]

    @classmethod
    def of(cls, rows: Sequence[Row], protocol: str, plan: Plan, seed: int) -> "Drawn":
        """Draw them; in random conditions, others of the anchor's gender if there are enough."""
        rng, alike = np.random.default_rng(seed), protocol == CONDITIONS
        most = max(plan.sizes)
        return cls(
            first=draw(rows, plan.records, rng, by_gender=alike),
            further=draw(rows, plan.further, rng, by_gender=alike),
            sized=draw(rows, plan.sized, rng, size=most, by_gender=alike, least=most),
            sizes=plan.sizes,
        )


def measure(store: Store, drawn: Drawn, arena: Arena, reranker: Reranker) -> ProtocolResult:
    """Measure everything on records; `arena` holds the first of them."""
    further = Arena.of(store, drawn.further, GROUP, reranker)
    return _result(
        arena.score(reranker),
        further.score(reranker),
        _opened(arena, reranker),
        {size: _size(store, drawn.sized, size, reranker) for size in drawn.sizes if drawn.sized},
    )


def _result(
    scores: Scores, more: Scores, opened: OpenFigures, sizes: dict[int, SizeFigures]
) -> ProtocolResult:
    systems, compared = figures.systems(scores), figures.comparisons(scores)
    reliability = figures.reliability([scores, more])
    return ProtocolResult(
        records=len(scores.draws),
        systems=systems,
        comparisons=compared,
        targets=[
            *figures.ranking_targets(systems["cosine"].top1, compared),
            *figures.probability_targets(reliability, opened),
        ],
        cells=figures.parts(scores, scores.cells),
        noise_pairs=figures.parts(scores, scores.noise_pairs),
        languages=figures.parts(scores, scores.languages),
        reliability=reliability,
        opened=opened,
        sizes=sizes,
    )


def _opened(arena: Arena, reranker: Reranker) -> OpenFigures:
    """Measure "none of them" with every second group without its match."""
    hidden = np.arange(len(arena.draws)) % 2 == 1
    return figures.opened(arena.score_open(reranker, hidden))


def _size(store: Store, drawn: Sequence[Draw], size: int, reranker: Reranker) -> SizeFigures:
    arena = Arena.of(store, drawn, size, reranker)
    scores = arena.score(reranker)
    everything = np.ones(len(scores.draws), bool)
    return SizeFigures(figures.part(scores, everything), _opened(arena, reranker))
