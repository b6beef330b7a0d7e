"""Anchor and candidates to an answer: the one place where retrieval and rerank meet.

Each name is imported when it is first used: a query needs nothing of pairs, trials or speakers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..rerank.evaluation import Evaluation
    from ..rerank.pair_evaluation import PairEvaluation
    from ..rerank.results import (
        Candidate,
        Decision,
        Identification,
        IdentificationEvaluation,
        KnownSpeaker,
        Match,
        Verification,
    )
    from .evaluating import evaluate, train_reranker
    from .identifying import identify, identify_many
    from .querying import query
    from .verifying import verify, verify_pairs

__all__ = [
    "Candidate",
    "Decision",
    "Evaluation",
    "Identification",
    "IdentificationEvaluation",
    "KnownSpeaker",
    "Match",
    "PairEvaluation",
    "Verification",
    "evaluate",
    "identify",
    "identify_many",
    "query",
    "train_reranker",
    "verify",
    "verify_pairs",
]

_RESULTS = "..rerank.results"
_PLACES = {
    "Evaluation": "..rerank.evaluation",
    "PairEvaluation": "..rerank.pair_evaluation",
    "evaluate": ".evaluating",
    "train_reranker": ".evaluating",
    "identify": ".identifying",
    "identify_many": ".identifying",
    "query": ".querying",
    "verify": ".verifying",
    "verify_pairs": ".verifying",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES.get(name, _RESULTS), __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
