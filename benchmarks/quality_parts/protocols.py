"""One encoder on one rendering of the recordings."""

from collections.abc import Sequence

import numpy as np

from spkret.rerank.ranker import Reranker
from spkret.store.store import Store

from . import figures
from .drawing import Draw, draw
from .grounds import CONDITIONS
from .plan import GROUP, Plan, Row
from .results import OpenFigures, ProtocolResult, SizeFigures
from .scoring import Arena, Scores


def measure(
    store: Store, rows: Sequence[Row], protocol: str, plan: Plan, reranker: Reranker, seed: int
) -> ProtocolResult:
    """Draw records and measure everything on them.

    In random conditions, the others of a group have the anchor's gender where there are enough.
    """
    rng = np.random.default_rng(seed)
    alike = protocol == CONDITIONS
    first = draw(rows, plan.records, rng, by_gender=alike)
    further = draw(rows, plan.further, rng, by_gender=alike)
    most = max(plan.sizes)
    sized = draw(rows, plan.sized, rng, size=most, by_gender=alike, least=most)
    arena = Arena.of(store, first, GROUP, reranker)
    scores = arena.score(reranker)
    more = Arena.of(store, further, GROUP, reranker).score(reranker)
    return _result(
        scores,
        more,
        _opened(arena, reranker),
        {size: _size(store, sized, size, reranker) for size in plan.sizes if sized},
    )


def records(rows: Sequence[Row], protocol: str, plan: Plan, seed: int) -> list[Draw]:
    """Draw the records of the tables alone."""
    rng = np.random.default_rng(seed)
    return draw(rows, plan.records, rng, by_gender=protocol == CONDITIONS)


def _result(
    scores: Scores, more: Scores, opened: OpenFigures, sizes: dict[int, SizeFigures]
) -> ProtocolResult:
    systems, compared = figures.systems(scores), figures.comparisons(scores)
    return ProtocolResult(
        records=len(scores.draws),
        systems=systems,
        comparisons=compared,
        targets=figures.targets(systems["cosine"].top1, compared),
        cells=figures.parts(scores, scores.cells),
        noise_pairs=figures.parts(scores, scores.noise_pairs),
        languages=figures.parts(scores, scores.languages),
        reliability=figures.reliability([scores, more]),
        opened=opened,
        sizes=sizes,
    )


def _opened(arena: Arena, reranker: Reranker) -> OpenFigures:
    """Measure "none of them" with every second group of its match bereft."""
    hidden = np.arange(len(arena.draws)) % 2 == 1
    return figures.opened(arena.score_open(reranker, hidden))


def _size(store: Store, drawn: Sequence[Draw], size: int, reranker: Reranker) -> SizeFigures:
    arena = Arena.of(store, drawn, size, reranker)
    scores = arena.score(reranker)
    everything = np.ones(len(scores.draws), bool)
    return SizeFigures(figures.part(scores, everything), _opened(arena, reranker))
