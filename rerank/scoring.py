"""Score groups by the best system there is, and log what was scored."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..retrieval.groups import Groups
from ..retrieval.library import Gathered
from ..retrieval.normalize import Centred
from ..store.schema import EncoderIdentity
from ..store.scores import SCORES_SCHEMA
from .calibration import softmax
from .features import Features, compute
from .ranker import Reranker

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_DECIMALS = 4
_UNCALIBRATED = {"asnorm": 1.0, "centred": 0.1}


@dataclass(frozen=True, slots=True)
class Scored:
    """Groups with the score and probability of every candidate.

    Parameters
    ----------
    groups : anchors and candidates
    features : of all candidates
    system : `reranker`, or the system that stands in for it
    scores, probabilities : float64 (total,)
    none_probabilities : float64 (groups,), NaN without a reranker
    """

    groups: Groups
    features: Features
    system: str
    scores: Doubles
    probabilities: Doubles
    none_probabilities: Doubles


def score_groups(
    gathered: Gathered, centred: Centred, groups: Groups, reranker: Reranker | None
) -> Scored:
    """Score groups by the reranker; without one by AS-norm, without a cohort by centred cosine."""
    features = _features(gathered, centred, groups, reranker)
    if reranker is None:
        return _stand_in(features, groups)
    scores = reranker.score(features)
    return Scored(
        groups,
        features,
        "reranker",
        scores,
        reranker.probabilities(scores, features, groups),
        reranker.none_probabilities(scores, features, groups),
    )


def _features(
    gathered: Gathered, centred: Centred, groups: Groups, reranker: Reranker | None
) -> Features:
    if reranker is None:
        return compute(gathered.voices, centred, groups)
    return compute(gathered.voices, centred, groups, reranker.plda, reranker.plan)


def _stand_in(features: Features, groups: Groups) -> Scored:
    system = "centred" if np.isnan(features.column("asnorm")).any() else "asnorm"
    scores = features.column(system)
    probabilities = softmax(scores / _UNCALIBRATED[system], groups)
    return Scored(groups, features, system, scores, probabilities, np.full(len(groups), np.nan))


def score_pairs(
    gathered: Gathered, centred: Centred, pairs: Groups, reranker: Reranker | None
) -> Scored:
    """Score pairs, which are groups of one, by the log odds (`qmf`) that one speaker speaks both.

    At equal prior. Without a reranker by AS-norm, without a cohort by centred cosine, and then the
    probabilities are unknown: NaN.
    """
    features = _features(gathered, centred, pairs, reranker)
    if reranker is None:
        return replace(_stand_in(features, pairs), probabilities=np.full(len(pairs), np.nan))
    probabilities = reranker.pair_probabilities(features)
    log_odds = reranker.pair_log_odds(features)
    return Scored(pairs, features, "qmf", log_odds, probabilities, 1 - probabilities)


def best_first(scored: Scored, gathered: Gathered) -> Rows:
    """Order the candidates of all groups, each group in its place, the best first: (total,).

    Scores that agree to four decimals are equal, as rounding is never the same twice. They are
    ordered by their other evidence, at last by what the audio holds, never by the order of
    candidates. Of copies of one audio, which only their names tell apart, the first path is first
    (see `Gathered.in_order`).
    """
    content = gathered.voices.content_hashes[scored.groups.candidates].astype(np.str_)
    evidence = (scored.features.column("cosine"), scored.features.column("asnorm"), scored.scores)
    falling = [-np.round(values, _DECIMALS) for values in evidence]
    return np.lexsort((content, *falling, scored.groups.owners))


def abstains(
    probability: float, none: float | None, open_group: bool, min_probability: float | None
) -> bool:
    """Tell whether to name no match; without a reranker, "none of them" is never named."""
    unlikely = min_probability is not None and probability < min_probability
    return unlikely or (open_group and none is not None and none > 0.5)


def known_or_none(value: float) -> float | None:
    """Turn NaN into None."""
    return None if np.isnan(value) else float(value)


def missing_reranker(system: str, may_be_none: bool = False) -> list[str]:
    """Warn where another system stands in for the reranker.

    Parameters
    ----------
    system : what ranked
    may_be_none : whether "none of them" was asked for, which only a reranker can tell
    """
    if system in ("reranker", "qmf"):
        return []
    name = {"asnorm": "AS-norm", "centred": "centred cosine"}[system]
    somebody = ", and somebody is named whatever --open says" if may_be_none else ""
    return [
        f"no reranker fits this encoder: ranked by {name}, probabilities are not calibrated"
        f"{somebody}; train one with `spkret train-reranker`"
    ]


def log_rows(
    scored: Scored,
    gathered: Gathered,
    command: str,
    encoder: EncoderIdentity,
    reranker: Reranker | None,
    *,
    trial_ids: list[str] | None = None,
    matches: Rows | None = None,
) -> pa.Table:
    """Make the rows of the store's scores table, one a candidate.

    Parameters
    ----------
    trial_ids : of each group, if they are trials
    matches : (groups,), the position of each group's match, if they are known
    """
    groups, order = scored.groups, best_first(scored, gathered)
    owners, anchors, candidates = groups.owners, groups.anchor_rows, groups.candidates
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(len(order)) - groups.offsets[owners] + 1
    queries = np.array([uuid.uuid4().hex for _ in range(len(groups))], object)
    total = len(candidates)
    columns = {
        "query_id": queries[owners],
        "trial_id": None if trial_ids is None else np.array(trial_ids, object)[owners],
        "created_at": pa.array([datetime.now(UTC)] * total, SCORES_SCHEMA.field("created_at").type),
        "command": [command] * total,
        **_sides(gathered, anchors, candidates),
        "cosine": scored.features.column("cosine"),
        "centred": scored.features.column("centred"),
        "asnorm": _or_null(scored.features.column("asnorm")),
        "score": scored.scores,
        "rank": ranks,
        "probability": _or_null(scored.probabilities),
        "none_probability": _or_null(groups.spread(scored.none_probabilities)),
        "is_match": None if matches is None else groups.flags(matches),
        "encoder": [encoder.fingerprint] * total,
        "reranker": [None if reranker is None else reranker.fingerprint] * total,
        "features": _feature_maps(scored.features),
    }
    return pa.table(
        [_column(columns[field.name], field, total) for field in SCORES_SCHEMA], SCORES_SCHEMA
    )


def _sides(gathered: Gathered, anchors: Rows, candidates: Rows) -> dict[str, object]:
    voices = gathered.voices
    ids = [
        id_ if is_stored else None
        for id_, is_stored in zip(voices.ids.tolist(), gathered.stored.tolist(), strict=True)
    ]
    known = np.array([*ids, None], object)
    return {
        "anchor_id": known[anchors],
        "candidate_id": known[candidates],
        "anchor_path": gathered.paths[anchors],
        "candidate_path": gathered.paths[candidates],
        "anchor_language": voices.languages[anchors],
        "anchor_noise": voices.noises[anchors],
        "candidate_language": voices.languages[candidates],
        "candidate_noise": voices.noises[candidates],
    }


def _column(values: object, field: pa.Field, total: int) -> pa.Array:
    if values is None:
        return pa.nulls(total, field.type)
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        values = values.astype(np.float32)
    return pa.array(values, field.type)


def _or_null(values: Doubles) -> pa.Array:
    return pa.array(values.astype(np.float32), pa.float32(), from_pandas=True)


def _feature_maps(features: Features) -> pa.Array:
    rows, width = features.matrix.shape
    offsets = pa.array(np.arange(0, rows * width + 1, width, dtype=np.int32))
    names = pa.DictionaryArray.from_arrays(
        pa.array(np.tile(np.arange(width, dtype=np.int32), rows)), pa.array(features.names)
    ).cast(pa.string())
    values = pa.array(features.matrix.ravel(), pa.float32(), from_pandas=True)
    return pa.MapArray.from_arrays(offsets, names, values)
