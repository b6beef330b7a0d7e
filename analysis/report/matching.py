"""How well the match is found and told, by systems, languages and noise conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ... import metrics
from ...rerank.features import Features
from ...rerank.pair_evaluation import PairFigures, pair_figures
from ...rerank.ranker import Reranker
from .det import DetCurve, det_curve
from .evaluated import Evaluated
from .pairs import PRIOR, RESAMPLES

Doubles = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]
Integers = npt.NDArray[np.integer]

FEWEST_SPEAKERS = 5
"""Fewer speakers of anchors give no interval."""
RANKED = ("cosine", "asnorm", "reranker")
RERANKER, QMF = "reranker", "qmf"


@dataclass(frozen=True, slots=True)
class Rate:
    """Top-1 in some trials, and its 95 % interval over speakers; None with fewer than five."""

    trials: int
    speakers: int
    top1: float
    top1_ci: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class SystemPairs:
    """How one system tells the anchor's speaker from others, candidate by candidate."""

    eer: float
    eer_ci: tuple[float, float]
    min_dcf: float
    min_dcf_ci: tuple[float, float]
    det: DetCurve


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether the best candidate's probability holds."""

    ece: float
    bins: Sequence[metrics.ReliabilityBin]


@dataclass(frozen=True, slots=True)
class Matching:
    """Systems side by side on trials.

    Attributes
    ----------
    logged_at : when they were evaluated; None where they were drawn for the report and not logged
    reranker : fingerprint of the reranker that scored; None without one
    trials, largest_group : how many, and candidates of the largest
    top1 : of each system, over all trials
    by_noise : of each system, by `anchor->match` of noise conditions
    by_language : of each system, by the anchor's language
    pairs : of each system, anchor and candidate taken as pairs; `qmf` is the reranker's own system
        for pairs, whose scores do not depend on the group
    reliability : None without a reranker
    """

    logged_at: datetime | None
    reranker: str | None
    trials: int
    largest_group: int
    top1: Mapping[str, Rate]
    by_noise: Mapping[str, Mapping[str, Rate]]
    by_language: Mapping[str, Mapping[str, Rate]]
    pairs: Mapping[str, SystemPairs]
    reliability: Reliability | None


def measure_matching(
    evaluated: Evaluated,
    speaker_of: Mapping[int, str],
    reranker: Reranker | None,
) -> Matching | None:
    """Measure the systems on scored trials; None where no trial has a known match.

    Parameters
    ----------
    evaluated : the trials
    speaker_of : the speaker of each stored recording, by id; others are speakers of their own
    reranker : the one in use; if it made the scores, its system for pairs is measured too
    """
    trials = _Trials.of(evaluated.rows)
    if trials is None:
        return None
    rows, first = trials.rows, trials.offsets[:-1]
    systems = _systems(rows)
    hits = {name: metrics.hits(s, trials.offsets, trials.matches) for name, s in systems.items()}
    anchors = rows.take(first)
    speakers = _speakers(anchors, "anchor", speaker_of)
    noise = _joined(anchors["anchor_noise"], rows.take(trials.matches)["candidate_noise"])
    language = _names(anchors["anchor_language"])
    scored_by = rows["reranker"][0].as_py()
    pairs = systems | _qmf(rows, reranker, scored_by)
    return Matching(
        evaluated.logged_at,
        scored_by,
        len(first),
        int(np.diff(trials.offsets).max()),
        top1={name: _rate(found, speakers) for name, found in hits.items()},
        by_noise={name: _cells(found, speakers, noise) for name, found in hits.items()},
        by_language={name: _cells(found, speakers, language) for name, found in hits.items()},
        pairs=_pairs(pairs, rows, speaker_of),
        reliability=_reliability(rows, first) if scored_by else None,
    )


@dataclass(frozen=True, slots=True)
class _Trials:
    """Rows of trials with one match each, where each trial starts, and where its match is."""

    rows: pa.Table
    offsets: Integers
    matches: Integers

    @classmethod
    def of(cls, rows: pa.Table) -> "_Trials | None":
        query = rows["query_id"].to_numpy()
        is_match = rows["is_match"].fill_null(False).to_numpy()
        _, owner = np.unique(query.astype(np.str_), return_inverse=True)
        kept = (np.bincount(owner, is_match) == 1)[owner] if len(owner) else np.empty(0, bool)
        if not kept.any():
            return None
        rows, owner = rows.filter(pa.array(kept)), owner[kept]
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        return cls(rows, np.append(starts, len(owner)), np.flatnonzero(is_match[kept]))


def _systems(rows: pa.Table) -> dict[str, Doubles]:
    """Scores (total,) of each system that scored all candidates."""
    systems = {"cosine": rows["cosine"], "asnorm": rows["asnorm"]}
    if rows["reranker"].null_count == 0:
        systems[RERANKER] = rows["score"]
    scores = {name: column.to_numpy().astype(np.float64) for name, column in systems.items()}
    return {name: values for name, values in scores.items() if not np.isnan(values).any()}


def _qmf(rows: pa.Table, reranker: Reranker | None, scored_by: str | None) -> dict[str, Doubles]:
    """Score pairs by the reranker's linear model, from the features that were logged."""
    if reranker is None or reranker.fingerprint != scored_by:
        return {}
    features = rows["features"].combine_chunks()
    width = len(features[0])
    names = tuple(features.keys[:width].to_pylist())
    values = features.items.to_numpy(zero_copy_only=False).astype(np.float32)
    return {QMF: reranker.pair_log_odds(Features(values.reshape(len(rows), width), names))}


def _speakers(rows: pa.Table, side: str, speaker_of: Mapping[int, str]) -> Names:
    pairs = zip(rows[f"{side}_id"].to_pylist(), rows[f"{side}_path"].to_pylist(), strict=True)
    known = ((speaker_of.get(id_), path) for id_, path in pairs)
    return np.array([f"file {path}" if name is None else f"speaker {name}" for name, path in known])


def _names(column: pa.ChunkedArray) -> Names:
    names: Names = column.fill_null("unknown").to_numpy().astype(np.str_)
    return names


def _joined(anchors: pa.ChunkedArray, matches: pa.ChunkedArray) -> Names:
    return np.char.add(np.char.add(_names(anchors), "->"), _names(matches))


def _rate(hits: Doubles, speakers: Names) -> Rate:
    count = len(np.unique(speakers))
    enough = count >= FEWEST_SPEAKERS
    interval = metrics.bootstrap_interval(hits, speakers) if enough else None
    return Rate(len(hits), count, float(hits.mean()), interval)


def _cells(hits: Doubles, speakers: Names, keys: Names) -> dict[str, Rate]:
    return {str(k): _rate(hits[keys == k], speakers[keys == k]) for k in np.unique(keys)}


def _pairs(
    systems: Mapping[str, Doubles], rows: pa.Table, speaker_of: Mapping[int, str]
) -> dict[str, SystemPairs]:
    is_match = rows["is_match"].to_numpy().astype(bool)
    if is_match.all():
        return {}
    names = [_speakers(rows, side, speaker_of) for side in ("anchor", "candidate")]
    number = np.unique(np.concatenate(names), return_inverse=True)[1].astype(np.int64)
    left, right = np.split(number, 2)
    figures = pair_figures(systems, is_match, (left, right), PRIOR, resamples=RESAMPLES)
    return {name: _system(figures[name], s, is_match) for name, s in systems.items()}


def _system(figures: PairFigures, scores: Doubles, is_match: npt.NDArray[np.bool_]) -> SystemPairs:
    curve = det_curve(scores[is_match], scores[~is_match])
    return SystemPairs(figures.eer, figures.eer_ci, figures.min_dcf, figures.min_dcf_ci, curve)


def _reliability(rows: pa.Table, first: Integers) -> Reliability | None:
    best = rows.take(first)
    probability = best["probability"].to_numpy().astype(np.float64)
    hit = best["is_match"].to_numpy().astype(bool)
    if np.isnan(probability).any():
        return None
    return Reliability(
        metrics.ece(probability, hit), list(metrics.reliability(probability, hit, bins=10))
    )
