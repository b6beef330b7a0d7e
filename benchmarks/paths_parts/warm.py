"""Queries in a process that has the store open, step by step, beside plain tools."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import spkret
from spkret.matcher.bench import Bench
from spkret.rerank.scoring import score_groups
from spkret.rerank.trial_groups import group_trials
from spkret.retrieval.groups import Groups
from spkret.retrieval.search import group_cosines

from .timing import Timed, of_calls
from .trials import Drawn


def measure(path: Path, drawn: Drawn, runs: int) -> dict[str, Timed]:
    """Time each step of one group query, and all trials at once and one by one."""
    store = spkret.open(path)
    spkret.query(store, drawn.anchor, drawn.group, log=False)
    bench = Bench.of(store)
    steps = _query_steps(bench, drawn) | {
        "one query, `spkret.query(…, log=False)`": lambda: spkret.query(
            store, drawn.anchor, drawn.group, log=False
        )
    }
    timed = {name: of_calls(step, runs) for name, step in steps.items()}
    at_once, one_by_one = _trial_steps(bench, drawn)
    return timed | {
        f"features and reranker of {drawn.count:,} trials": of_calls(at_once, 3, 1),
        "the same, one by one": of_calls(one_by_one, 1, 0),
    }


def _query_steps(bench: Bench, drawn: Drawn) -> dict[str, Callable[[], object]]:
    laid = group_trials(drawn.trials[:1], bench.library, None)
    gathered, groups = laid.gathered, laid.groups
    vectors, rows = gathered.voices.embeddings, groups.candidates
    centred = bench.centred(gathered)
    features = score_groups(gathered, centred, groups, bench.reranker).features
    steps: dict[str, Callable[[], object]] = {
        "gather by path, in memory": lambda: bench.library.gather(
            [drawn.anchor, *drawn.group], None
        ),
        "cosines of a group": lambda: group_cosines(vectors, groups),
        "cosines by plain NumPy": lambda: vectors[rows] @ vectors[groups.anchors[0]],
        "centring and AS-norm": lambda: bench.centred(gathered),
        "all features, reranker, probabilities": lambda: score_groups(
            gathered, centred, groups, bench.reranker
        ),
    }
    if bench.reranker is not None:
        reranker = bench.reranker
        steps["the reranker alone"] = lambda: reranker.score(features)
        peer = _lightgbm(bench)
        matrix = features.select(reranker.names).matrix
        steps["its trees by the `lightgbm` package"] = lambda: peer(matrix)
    return steps


def _lightgbm(bench: Bench) -> Callable[[np.ndarray], object]:
    """Return the package's own prediction of the same trees, on one thread."""
    import lightgbm

    from spkret.rerank.loading import DEFAULT

    own = bench.store.reranker_path
    folder = own if own.exists() else DEFAULT
    model = lightgbm.Booster(model_file=str(folder / "model.txt"))
    return lambda matrix: model.predict(matrix, raw_score=True, num_threads=1)


def _trial_steps(bench: Bench, drawn: Drawn) -> tuple[Callable[[], object], Callable[[], object]]:
    laid = group_trials(drawn.trials, bench.library, None)
    voices = laid.gathered.voices
    centred = bench.background_without(voices).apply(voices)

    def scored(groups: Groups) -> object:
        return score_groups(laid.gathered, centred, groups, bench.reranker)

    def one_by_one() -> None:
        for number in range(len(laid.groups)):
            scored(laid.groups.take(np.array([number])))

    return lambda: scored(laid.groups), one_by_one
