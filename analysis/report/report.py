"""The numbers behind the page."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ...rerank.ranker import Reranker
from ..audit import audit_rows
from ..findings import AuditReport, Finding
from ..projection import Projection, duration_of, sample_by_speaker
from ..rows import AuditRows
from .clusters import Clusters, find_clusters
from .cross_validation import CrossValidation, cross_validation_of
from .evaluated import evaluated_trials
from .failures import FailureReason, failures_by_reason
from .importance import FeatureImportance, importance_of
from .inventory import Inventory, take_inventory
from .map import EmbeddingMap, map_embeddings
from .matching import Matching, measure_matching
from .origins import OWN, About, reranker_in_use, source_of
from .pairs import PairScores, score_pairs
from .standing_out import Remark, duplicates, remarks

if TYPE_CHECKING:
    from ...store.store import Store

Progress = Callable[[str, int, int, str], None]
"""Called with what is under way, steps done, of how many, and what comes next."""

STEPS = 7
MOST_COMPARED = 30_000
"""Recordings whose voices are compared with each other."""
_LARGE = ("embedding", "spectrum_mean", "spectrum_std")
_EMPTY = "the store has no recordings: spkret index AUDIO_DIR"


@dataclass(frozen=True, slots=True)
class Report:
    """What is in a store, and how well it tells speakers apart.

    A part is None, or empty, where the store holds too little for it.

    Attributes
    ----------
    compared : recordings in which copies encoded again, similar voices and wrong labels were
        looked for
    cross_validation : of the store's own reranker; None without one
    """

    about: About
    standing_out: Sequence[Remark]
    inventory: Inventory
    failures: Sequence[FailureReason]
    duplicates: Sequence[Finding]
    compared: int
    scores: PairScores | None
    matching: Matching | None
    cross_validation: CrossValidation | None
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
    rows, table = _read(store)
    failures = failures_by_reason(store.failures.scan(), table)
    step("looking for copies and wrong labels")
    audited = _audited(rows, seed)
    step("scoring pairs")
    scores = score_pairs(rows.voices, seed)
    step("scoring trials")
    judged = _judge(store, table, seed)
    points = min(points, len(rows))
    step(f"laying out {points:,} points{duration_of(points, projection)}")
    laid = map_embeddings(rows, projection, points, seed) if len(rows) else None
    step("clustering")
    clusters = find_clusters(rows.voices, None if scores is None else scores.threshold, seed)
    step("drawing")
    problems = judged.problems + (() if len(rows) else (_EMPTY,))
    return Report(
        judged.about,
        remarks(audited, failures, judged.matching, problems, judged.about.reranker),
        take_inventory(rows, table),
        failures,
        duplicates(audited),
        audited.compared,
        scores,
        judged.matching,
        judged.cross_validation,
        importance_of(judged.reranker),
        laid,
        clusters,
    )


def _read(store: "Store") -> tuple[AuditRows, pa.Table]:
    """Read the recordings, and their labels alone: what is large is held once."""
    table = store.recordings.scan()
    return AuditRows.of(table), table.drop_columns(_LARGE)


def _audited(rows: AuditRows, seed: int) -> AuditReport:
    """Audit a store, comparing voices in a sample of a large one: that bounds time and memory."""
    if len(rows) <= MOST_COMPARED:
        return audit_rows(rows, {})
    drawn = sample_by_speaker(rows.voices.speakers, MOST_COMPARED, seed)
    return audit_rows(rows, {}, rows.take(drawn))


@dataclass(frozen=True, slots=True)
class _Judged:
    """The reranker in use, and how well matches are found with and without it."""

    about: About
    reranker: Reranker | None
    problems: tuple[str, ...]
    matching: Matching | None
    cross_validation: CrossValidation | None


def _judge(store: "Store", recordings: pa.Table, seed: int) -> _Judged:
    reranker, problems = reranker_in_use(store)
    about = _about(store, reranker)
    own = reranker if about.reranker_source == OWN else None
    validated = None if own is None else cross_validation_of(own)
    matching = _matching(store, recordings, reranker, own is None, seed)
    return _Judged(about, reranker, problems, matching, validated)


class _Steps:
    """Tells how far a report is."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, what: str) -> None:
        if self._progress is not None:
            self._progress("report", self._done, STEPS, what)
        self._done += 1


def _matching(
    store: "Store",
    recordings: pa.Table,
    reranker: Reranker | None,
    scores_drawn: bool,
    seed: int,
) -> Matching | None:
    """Measure the systems; a reranker that was trained here does not score what is drawn here."""
    evaluated = evaluated_trials(store, recordings, reranker if scores_drawn else None, seed)
    if evaluated is None:
        return None
    pairs = zip(recordings["id"].to_pylist(), recordings["speaker"].to_pylist(), strict=True)
    speaker_of = {id_: speaker for id_, speaker in pairs if speaker is not None}
    return measure_matching(evaluated, speaker_of, reranker)


def _about(store: "Store", reranker: Reranker | None) -> About:
    return About(
        str(store.place),
        store.encoder.name,
        store.encoder.fingerprint,
        None if reranker is None else reranker.fingerprint,
        source_of(store, reranker),
        store.created,
        datetime.now(UTC),
    )
