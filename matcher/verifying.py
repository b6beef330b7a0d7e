"""Say whether two recordings have one speaker, and find the threshold that decides it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageError
from ..rerank.decision import (
    FILE_NAME,
    Rule,
    Scale,
    Threshold,
    doubts,
    find_threshold,
    read_threshold,
    write_threshold,
)
from ..rerank.explanations import explanations
from ..rerank.pair_evaluation import PairEvaluation, evaluate_pairs, pair_scores
from ..rerank.pair_files import Pair
from ..rerank.pairs import LaidPairs, lay_out_pairs, same_audio
from ..rerank.results import Decision, Verification
from ..rerank.scoring import Scored, known_or_none, log_rows, missing_reranker, score_pairs
from ..retrieval.groups import Groups
from ..retrieval.library import Embed, Reference
from .bench import Bench

if TYPE_CHECKING:
    from ..store.store import Store


def verify(
    store: "Store",
    a: Reference,
    b: Reference,
    *,
    embed: Embed | None = None,
    explain: bool = False,
    log: bool = True,
) -> Verification:
    """Say whether two recordings have one speaker: cosine, normalised score, probability.

    The probability takes one speaker and two speakers as equally likely beforehand. The decision
    is by the threshold that `verify_pairs` saved in the store, else by that probability.

    Parameters
    ----------
    explain : tell what the log odds come from: contributions, values and words
    log : write the scores into the store

    Raises
    ------
    RecordingError
        A reference does not name precisely one recording.
    """
    bench = Bench.of(store)
    gathered = bench.library.gather([a, b], embed)
    pair = Groups.of(gathered.rows[:1], [gathered.rows[1:]])
    scored = score_pairs(gathered, bench.centred(gathered), pair, bench.reranker)
    if log:
        store.scores.append(log_rows(scored, gathered, "verify", store.encoder, bench.reranker))
    decision, warnings = _decide(bench, scored)
    if same_audio(gathered, pair)[0]:
        warnings.insert(0, "both are the same audio, so this says nothing about the voice")
    left, right = (str(gathered.paths[row]) for row in gathered.rows)
    why = explanations(scored, np.array([0]), bench.reranker)[0] if explain else None
    return Verification(
        left=left,
        right=right,
        same_speaker=None if decision is None else decision.score >= decision.threshold,
        cosine=float(scored.features.column("cosine")[0]),
        asnorm=known_or_none(scored.features.column("asnorm")[0]),
        probability=known_or_none(scored.probabilities[0]),
        decision=decision,
        encoder=store.encoder.name,
        reranker=bench.reranker_name,
        warnings=[*warnings, *missing_reranker(scored.system)],
        contributions=None if why is None else why.contributions,
        features=None if why is None else why.features,
        explanation=None if why is None else why.words,
    )


def verify_pairs(
    store: "Store",
    pairs: Sequence[Pair],
    *,
    embed: Embed | None = None,
    prior: float = 0.01,
    rule: Rule | None = None,
    source: str = "a list",
    log: bool = True,
) -> PairEvaluation:
    """Score pairs by every system, measure those whose answer is known, and find a threshold.

    No speaker of the pairs is in the normalisation's cohort. Pairs that name a recording that is
    not there are skipped, counted and warned of.

    Parameters
    ----------
    prior : of one speaker, in the detection cost
    rule : find a threshold and save it in the store, for `verify`
    source : names the list in the saved threshold

    Raises
    ------
    TrialError
        No pair is left, or pairs of one kind are missing and a threshold is asked for.
    UsageError
        The prior is not between 0 and 1.
    """
    if not 0 < prior < 1:
        raise UsageError(f"expected a target prior between 0 and 1, got {prior}")
    bench = Bench.of(store)
    laid = lay_out_pairs(pairs, bench.library, embed)
    voices = laid.gathered.voices
    centred = bench.background_without(voices).apply(voices)
    scored = score_pairs(laid.gathered, centred, laid.groups, bench.reranker)
    threshold, doubted = _found_threshold(bench, laid, scored, rule, source)
    if log:
        matches = np.flatnonzero(laid.targets)
        store.scores.append(
            log_rows(
                *(scored, laid.gathered, "verify", store.encoder, bench.reranker),
                matches=matches if laid.labelled.all() else None,
            )
        )
    warnings = [*laid.warnings, *doubted, *missing_reranker(scored.system)]
    return evaluate_pairs(
        *(laid, scored, prior, threshold),
        encoder=store.encoder.name,
        reranker=bench.reranker_name,
        warnings=warnings,
    )


def _decide(bench: Bench, scored: Scored) -> tuple[Decision | None, list[str]]:
    """Decide one pair by the store's threshold, else by calibrated odds; and warnings."""
    store, scores = bench.store, pair_scores(scored)
    saved, warnings = read_threshold(store.path, store.encoder.fingerprint, bench.reranker_name)
    if saved is not None and saved.system in scores:
        score = float(scores[saved.system][0])
        return Decision(saved.system, score, saved.value, str(saved)), warnings
    if saved is not None:
        warnings.append(f"the saved threshold is for {saved.system}, which has no score here")
    if bench.reranker is None:
        return None, warnings
    source = "equal odds beforehand: no threshold of this store (spkret verify --pairs)"
    return Decision("qmf", float(scored.scores[0]), 0.0, source), warnings


def _found_threshold(
    bench: Bench, laid: LaidPairs, scored: Scored, rule: Rule | None, source: str
) -> tuple[Threshold | None, list[str]]:
    """Find the threshold that is asked for, if any, and save it; and doubts about it."""
    if rule is None:
        return None, []
    scale = Scale(scored.system, bench.store.encoder.fingerprint, bench.reranker_name)
    targets, nontargets = (
        scored.scores[laid.labelled & (laid.targets == same)] for same in (True, False)
    )
    threshold = find_threshold(rule, scale, targets, nontargets, source)
    with bench.store.publishing(FILE_NAME) as file:
        write_threshold(file.parent, threshold)
    return threshold, doubts(rule, threshold)
