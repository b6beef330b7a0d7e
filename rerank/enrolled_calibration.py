"""Probabilities of enrolled speakers, calibrated on those very speakers.

A reranker is calibrated on groups of single recordings. The mean of a speaker's recordings scores
higher, and the nearest of many speakers is nearer. So one recording of each speaker who has several
is held out and identified among all, which are enrolled by the rest: once with the own speaker
among them, once without.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..retrieval.groups import Groups
from ..retrieval.library import Gathered
from ..retrieval.normalize import Background
from ..retrieval.voices import Labelled
from ..store.files import write_text
from ..store.sealed import seal, unseal
from .calibration import fit_none, fit_temperature, sigmoid, softmax
from .enrolment import Roster, against_cohort, enrol
from .ranker import Reranker
from .scoring import Scored, score_groups

Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

FEWEST_SPEAKERS = 20
MOST_SPEAKERS = 200
_VERSION = 2
"""Of how calibrations are fitted: one kept from before is fitted again."""
_SPREAD = 0.5
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class EnrolledCalibration:
    """How probabilities of groups become those of enrolled speakers.

    Parameters
    ----------
    speakers : how many it was fitted to; 0 leaves everything as it is
    temperature : log probabilities are divided by it, then the group's softmax taken again
    slope, offset : the same of the log odds of "none of them": slope * log odds + offset
    """

    speakers: int = 0
    temperature: float = 1.0
    slope: float = 1.0
    offset: float = 0.0

    def apply(self, scored: Scored) -> Scored:
        """Calibrate scored groups of enrolled speakers."""
        if not self.speakers:
            return scored
        shares = softmax(_logs(scored.probabilities) / self.temperature, scored.groups)
        odds = self.slope * _log_odds(scored.none_probabilities) + self.offset
        return replace(scored, probabilities=shares, none_probabilities=sigmoid(odds))


UNCHANGED = EnrolledCalibration()


def calibrate(
    labelled: Labelled,
    fetch: Callable[[Rows], Gathered],
    background: Background,
    reranker: Reranker,
    k: int,
) -> EnrolledCalibration:
    """Fit to held-out recordings, one of each of up to `MOST_SPEAKERS` speakers.

    Parameters
    ----------
    labelled : the recordings that enrol
    fetch : gets all that matching knows of those at some rows
    background, reranker : to score with
    k : how many of the nearest speakers make a group

    Returns
    -------
    calibration : one that changes nothing where fewer than `FEWEST_SPEAKERS` can be fitted to
    """
    held, rest = _held_out(labelled)
    if len(held) < FEWEST_SPEAKERS:
        return UNCHANGED
    roster = Roster.of(labelled.take(rest), background)
    similarity = background.centre(labelled.take(held)) @ roster.means.T
    near = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    names = labelled.speakers[held].astype(np.str_)
    own = np.searchsorted(roster.speakers, names)
    found = np.isin(names, roster.speakers) & (near == own[:, None]).any(axis=1)
    held, near, own = held[found], near[found], own[found]
    if len(held) < FEWEST_SPEAKERS:
        return UNCHANGED
    asked = fetch(held)
    recordings = fetch(rest[roster.rows[np.isin(roster.which, near)]])
    enrolled = enrol(asked, recordings, background)
    candidates = len(held) + np.searchsorted(np.unique(near), near)
    groups = Groups.of(np.arange(len(held)), list(candidates))
    matches = np.flatnonzero(near == own[:, None])
    closed = score_groups(enrolled.gathered, enrolled.centred, groups, reranker)
    unknown = against_cohort(
        asked.voices, enrolled.centred.embeddings, enrolled.speakers, background, own_absent=True
    )
    opened = score_groups(enrolled.gathered, unknown, groups.without(matches), reranker)
    return _fit(closed, matches, opened)


def cached(path: Path, key: str, fit: Callable[[], EnrolledCalibration]) -> EnrolledCalibration:
    """Read a calibration from a file if it is of this key, else fit it and write it there."""
    key = f"{_VERSION}:{key}"
    try:
        document = unseal(path.read_text(encoding="utf-8"))
        if document.pop("key") == key:
            return EnrolledCalibration(**document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    fitted = fit()
    with contextlib.suppress(OSError):
        write_text(path, json.dumps(seal({"key": key, **asdict(fitted)})) + "\n")
    return fitted


def _fit(closed: Scored, matches: Rows, opened: Scored) -> EnrolledCalibration:
    logs = _logs(closed.probabilities)
    temperature = fit_temperature(logs, closed.groups, matches, spread=_SPREAD)
    (slope,), offset = fit_none(
        *(_log_odds(scored.none_probabilities)[:, None] for scored in (closed, opened))
    )
    if slope <= 0:
        return UNCHANGED
    return EnrolledCalibration(len(matches), temperature, slope, offset)


def _held_out(labelled: Labelled) -> tuple[Rows, Rows]:
    """Rows of one recording a speaker, and of all the others but copies of those.

    Which one, and which speakers where there are too many, is drawn by a hash of the embedding:
    neither by names nor by order.
    """
    named = np.flatnonzero([name is not None for name in labelled.speakers.tolist()])
    keys = np.array([_key(labelled.embeddings[row]) for row in named.tolist()], np.uint64)
    _, which = np.unique(labelled.speakers[named].astype(np.str_), return_inverse=True)
    order = np.lexsort((keys, which))
    first = np.flatnonzero(np.diff(which[order], prepend=-1))
    last = np.append(first[1:], len(order)) - 1
    several = keys[order[first]] != keys[order[last]]
    drawn = order[first[several]]
    drawn = drawn[np.argsort(keys[drawn])][:MOST_SPEAKERS]
    rest = ~np.isin(keys, keys[drawn])
    return named[drawn].astype(np.int64), named[rest].astype(np.int64)


def _key(embedding: npt.NDArray[np.float32]) -> int:
    return int.from_bytes(hashlib.blake2b(embedding.tobytes(), digest_size=8).digest())


def _logs(probabilities: Doubles) -> Doubles:
    logs: Doubles = np.log(np.maximum(probabilities, _LEAST))
    return logs


def _log_odds(probabilities: Doubles) -> Doubles:
    return _logs(probabilities) - _logs(1 - probabilities)
