"""The numbers behind the page."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ...errors import RerankerError
from ...rerank.loading import load_for
from ...rerank.ranker import Reranker
from ..audit import audit
from ..findings import Finding
from ..projection import Projection
from ..rows import AuditRows
from .clusters import Clusters, find_clusters
from .evaluated import evaluated_trials
from .failures import FailureReason, failures_by_reason
from .importance import FeatureImportance, importance_of
from .inventory import Inventory, take_inventory
from .map import EmbeddingMap, map_embeddings
from .matching import Matching, measure_matching
from .pairs import PairScores, score_pairs
from .standing_out import Remark, duplicates, remarks

if TYPE_CHECKING:
    from ...store.store import Store

Progress = Callable[[str, int, int, str], None]
"""Called with what is under way, steps done, of how many, and what comes next."""

STEPS = 7
_EMPTY = "the store has no recordings: spkret index AUDIO_DIR"


@dataclass(frozen=True, slots=True)
class About:
    """Which store a report is of, and when it was made; `reranker` is a fingerprint or None."""

    store: str
    encoder: str
    encoder_fingerprint: str
    reranker: str | None
    created: datetime
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What is in a store, and how well it tells speakers apart.

    A part is None, or empty, where the store holds too little for it.
    """

    about: About
    standing_out: Sequence[Remark]
    inventory: Inventory
    failures: Sequence[FailureReason]
    duplicates: Sequence[Finding]
    scores: PairScores | None
    matching: Matching | None
    importance: Sequence[FeatureImportance]
    map: EmbeddingMap | None
    clusters: Clusters | None

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `spkret report --json` prints."""
        return asdict(self)


def make_report(
    store: "Store",
    *,
    points: int = 10_000,
    projection: Projection = Projection.TSNE,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure everything; nothing is written to the store.

    Parameters
    ----------
    points : on the map at most
    projection : of the map
    seed : of all that is drawn
    progress : told before each step
    """
    step = _Steps(progress)
    step("reading the store")
    table = store.recordings.scan()
    rows = AuditRows.of(table)
    inventory = take_inventory(rows, table)
    failures = failures_by_reason(store.failures.scan(), table)
    step("looking for copies and wrong labels")
    audited = audit(table, {})
    step("scoring pairs")
    scores = score_pairs(rows.voices, seed)
    step("scoring trials")
    reranker, problems = _reranker(store)
    problems += () if len(rows) else (_EMPTY,)
    matching = _matching(store, table, reranker, seed)
    step("laying out the map")
    laid = map_embeddings(rows, projection, points, seed) if len(rows) else None
    step("clustering")
    clusters = find_clusters(rows.voices, None if scores is None else scores.threshold, seed)
    step("drawing")
    return Report(
        _about(store, reranker),
        remarks(audited, failures, matching, problems),
        inventory,
        failures,
        duplicates(audited),
        scores,
        matching,
        importance_of(reranker),
        laid,
        clusters,
    )


class _Steps:
    """Tells how far a report is."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, what: str) -> None:
        if self._progress is not None:
            self._progress("report", self._done, STEPS, what)
        self._done += 1


def _reranker(store: "Store") -> tuple[Reranker | None, tuple[str, ...]]:
    """Load the reranker in use; one that cannot be used is told of, not raised."""
    try:
        return load_for(store), ()
    except RerankerError as error:
        return None, (f"the reranker cannot be used: {error}",)


def _matching(
    store: "Store", recordings: pa.Table, reranker: Reranker | None, seed: int
) -> Matching | None:
    evaluated = evaluated_trials(store, recordings, reranker, seed)
    if evaluated is None:
        return None
    pairs = zip(recordings["id"].to_pylist(), recordings["speaker"].to_pylist(), strict=True)
    speaker_of = {id_: speaker for id_, speaker in pairs if speaker is not None}
    return measure_matching(evaluated, speaker_of, reranker)


def _about(store: "Store", reranker: Reranker | None) -> About:
    return About(
        str(store.path),
        store.encoder.name,
        store.encoder.fingerprint,
        None if reranker is None else reranker.fingerprint,
        store.created,
        datetime.now(UTC),
    )
