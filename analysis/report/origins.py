"""Which trials, and which reranker, figures are of: what a reader must know to trust them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ...errors import RerankerError
from ...rerank.loading import load_for
from ...rerank.ranker import Reranker
from .matching import Matching

if TYPE_CHECKING:
    from ...store.store import Store

OWN, SHIPPED = "store", "shipped"
EVALUATE_HELD_OUT = (
    "For figures on trials that it has not seen, hold some out (spkret make-trials --holdout 0.3"
    " --held-out --out held-out.jsonl), train on others and run spkret evaluate held-out.jsonl."
)


@dataclass(frozen=True, slots=True)
class About:
    """Which store a report is of, and when it was made.

    Attributes
    ----------
    reranker : fingerprint of the one in use; None without one
    reranker_source : `store`, which trained it, or `shipped` with spkret; None without one
    """

    store: str
    encoder: str
    encoder_fingerprint: str
    reranker: str | None
    reranker_source: str | None
    created: datetime
    made_at: datetime


def reranker_in_use(store: "Store") -> tuple[Reranker | None, tuple[str, ...]]:
    """Load the reranker in use; one that cannot be used is told of, not raised."""
    try:
        return load_for(store), ()
    except RerankerError as error:
        return None, (f"the reranker cannot be used: {error}",)


def source_of(store: "Store", reranker: Reranker | None) -> str | None:
    """Say who trained the reranker in use, see `About`."""
    if reranker is None:
        return None
    return OWN if (store.reranker_path / "reranker.json").exists() else SHIPPED


def held_back(matching: Matching, about: About) -> bool:
    """Tell whether the store's own reranker was left out of trials that may have trained it."""
    return matching.logged_at is None and about.reranker_source == OWN


def mismatch(matching: Matching | None, in_use: str | None) -> str:
    """Say where the newest evaluation was scored by another reranker than the one in use."""
    if matching is None or matching.logged_at is None or matching.reranker == in_use:
        return ""
    scored, now = (
        f"reranker {name}" if name else "no reranker" for name in (matching.reranker, in_use)
    )
    return (
        f"the newest evaluation was scored with {scored}, {now} is in use now: DET curves, top-1"
        " and reliability are not those of the one in use"
    )


def origin(matching: Matching, about: About) -> str:
    """Say where the trials are from, and which reranker scored them."""
    trials = f"{matching.trials:,} trials with up to {matching.largest_group} candidates"
    if matching.logged_at is None:
        return (
            f"No evaluation is logged, so {trials} were drawn from the labels for this report; they"
            f" were not logged. {_of_drawn(matching, about)}"
        )
    by = f"reranker {matching.reranker}" if matching.reranker else "no reranker"
    warning = mismatch(matching, about.reranker)
    return (
        f"From the newest evaluation logged, of {matching.logged_at:%Y-%m-%d %H:%M} UTC: {trials},"
        f" scored with {by}.{f' Beware: {warning}.' if warning else ''}"
    )


def _of_drawn(matching: Matching, about: About) -> str:
    if held_back(matching, about):
        return (
            "The store's own reranker may have been trained on these very trials, so it is left out"
            f" here; see how it did in cross-validation. {EVALUATE_HELD_OUT}"
        )
    if matching.reranker:
        return (
            f"The reranker that ships with spkret ({matching.reranker}) scored them; it may know"
            " speakers of the corpora that it was trained on. For trials of your own, run spkret"
            " evaluate trials.jsonl."
        )
    return "For trials of your own, run spkret evaluate trials.jsonl."
