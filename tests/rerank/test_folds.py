"""Folds: speakers one by one, or whole domains."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import RerankerError
from spkret.rerank.folds import FOLDS, deal


def labels(values: Sequence[str | None]) -> np.ndarray:
    return np.array(values, object)


@given(
    st.lists(st.integers(0, 40), min_size=60, max_size=200),
    st.integers(0, 5),
)
def test_a_speaker_is_in_one_fold_and_so_is_a_domain(numbers: list[int], seed: int) -> None:
    everyone = [*range(20), *numbers]
    speakers = labels([f"s{number}" for number in everyone])
    domains = labels([f"d{number % 7}" for number in everyone])
    for given_domains, key in ((None, speakers), (domains, domains)):
        folds = deal(speakers, np.arange(len(speakers)), given_domains, seed)
        pairs = set(zip(key.tolist(), folds.tolist(), strict=True))
        assert len(pairs) == len(set(key.tolist()))
        assert set(folds.tolist()) <= set(range(FOLDS))


def test_domains_fill_the_folds_evenly_by_their_groups() -> None:
    sizes = [50, 30, 20, 10, 10, 10]
    speakers = labels([f"{d}:{n % 5}" for d, size in enumerate(sizes) for n in range(size)])
    domains = labels([str(d) for d, size in enumerate(sizes) for _ in range(size)])
    folds = deal(speakers, np.arange(130), domains, 0)
    assert np.bincount(folds).tolist() == [50, 30, 20, 20, 10]


def test_unknown_speakers_are_in_no_fold() -> None:
    speakers = labels([f"s{n}" for n in range(12)] + [None])
    domains = labels([f"d{n % 6}" for n in range(12)] + [None])
    for given_domains in (None, domains):
        assert deal(speakers, np.arange(12), given_domains, 0)[-1] == -1


def test_domains_that_share_a_speaker_are_held_out_together() -> None:
    speakers = labels([f"s{n}" for n in range(14)] * 2)
    domains: list[str | None] = [f"d{n % 7}" for n in [*range(14), *range(14)]]
    domains[14 + 3], domains[14 + 1] = "d5", "d3"
    folds = deal(speakers, np.arange(28), labels(domains), 0)
    linked = np.isin(labels(domains), ["d1", "d3", "d5"])
    assert len(set(folds[linked].tolist())) == 1
    assert len({(d, f) for d, f in zip(domains, folds.tolist(), strict=True)}) == 7
    with pytest.raises(RerankerError, match=r"got 1: a \(those that share a speaker count as one"):
        deal(speakers, np.arange(28), labels([*"abcdefghijklmn", *"bcdefghijklmna"]), 0)


def test_too_few_speakers_or_domains_are_named() -> None:
    speakers = labels([f"s{n}" for n in range(12)])
    with pytest.raises(RerankerError, match="at least 10 labelled speakers, got 4"):
        deal(speakers, np.arange(4), None, 0)
    with pytest.raises(RerankerError, match="at least 5 values to hold out in turn, got 2: a, b"):
        deal(speakers, np.arange(12), labels(["a", "b"] * 6), 0)
