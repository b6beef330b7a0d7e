"""Anchor and candidates to an answer: the one place where retrieval and rerank meet."""

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
