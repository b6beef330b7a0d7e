"""Deal speakers into folds: one by one, or all those of a domain together."""

import json
from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..errors import RerankerError, UsageError
from ..retrieval.voices import Labels, Voices

Folds = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

FOLDS = 5
FEWEST_SPEAKERS = 10


def read_domains(voices: Voices, column: str) -> Labels:
    """Read the domain of each recording (n,): its language, its noise, or a column of the manifest.

    Raises
    ------
    UsageError
        The recordings have no such column.
    """
    if column in ("language", "noise"):
        return voices.languages if column == "language" else voices.noises
    rows = [json.loads(text) for text in voices.extras.tolist()]
    if not any(row.get(column) for row in rows):
        there = ", ".join(["language", "noise", *sorted({key for row in rows for key in row})])
        raise UsageError(
            f"expected a column that the recordings of these trials have, got {column!r};"
            f" they have {there}"
        )
    return np.array([row.get(column) for row in rows], object)


def deal(speakers: Labels, anchors: Rows, domains: Labels | None, seed: int) -> Folds:
    """Deal the speakers into folds: that of each recording, -1 where the speaker is unknown.

    Parameters
    ----------
    speakers : str or None (n,), of the recordings
    anchors : the recording that each group starts from
    domains : (n,); those given, all speakers of a domain are in one fold, and so are domains that
        share a speaker, so that what is measured and calibrated on a fold holds for recordings of
        other domains
    seed : of the deal

    Raises
    ------
    RerankerError
        The anchors have fewer than `FEWEST_SPEAKERS` speakers, or fewer than `FOLDS` domains.
    """
    known = Counter(name for name in speakers[anchors].tolist() if name is not None)
    if len(known) < FEWEST_SPEAKERS:
        raise RerankerError(
            f"expected trials with anchors of at least {FEWEST_SPEAKERS} labelled speakers,"
            f" got {len(known)}; index and label more recordings"
        )
    fold_of = _by_speaker(speakers, seed) if domains is None else _by(domains, speakers, known)
    return np.array([fold_of.get(name, -1) for name in speakers.tolist()], np.int64)


def _by_speaker(speakers: Labels, seed: int) -> dict[str, int]:
    names = sorted({name for name in speakers.tolist() if name is not None})
    order = np.random.default_rng([seed, 2]).permutation(len(names))
    return dict(zip(names, (order % FOLDS).tolist(), strict=True))


def _by(domains: Labels, speakers: Labels, groups: Mapping[str, int]) -> dict[str, int]:
    """Deal domains, the one of most groups first, each to the fold of fewest groups so far."""
    domain_of = _linked(speakers, domains)
    sizes = Counter[str]()
    for speaker, domain in domain_of.items():
        sizes[domain] += groups.get(speaker, 0)
    used = [domain for domain, size in sizes.items() if size]
    if len(used) < FOLDS:
        raise RerankerError(
            f"expected trials of at least {FOLDS} values to hold out in turn, got {len(used)}:"
            f" {', '.join(sorted(used))} (those that share a speaker count as one);"
            " hold out speakers instead"
        )
    loads, fold_of = [0] * FOLDS, dict[str, int]()
    for domain in sorted(sizes, key=lambda domain: (-sizes[domain], domain)):
        fold = loads.index(min(loads))
        fold_of[domain], loads[fold] = fold, loads[fold] + sizes[domain]
    return {speaker: fold_of[domain] for speaker, domain in domain_of.items()}


def _linked(speakers: Labels, domains: Labels) -> dict[str, str]:
    """Name each speaker's domain; domains that share a speaker go by the name of the first."""
    pairs = {(s, str(d)) for s, d in zip(speakers, domains, strict=True) if s is not None}
    name_of = {domain: domain for _, domain in pairs}

    def name(domain: str) -> str:
        while name_of[domain] != domain:
            domain = name_of[domain]
        return domain

    first: dict[str, str] = {}
    for speaker, domain in sorted(pairs):
        one, other = sorted((name(first.setdefault(speaker, domain)), name(domain)))
        name_of[other] = one
    return {speaker: name(domain) for speaker, domain in first.items()}
