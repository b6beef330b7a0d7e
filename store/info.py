"""What is in a store, in numbers."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from .store import Store


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What is in a store.

    Attributes
    ----------
    path : the folder, or the URL
    working_copy : the folder with copies of the files, of a store at a URL
    version : of the recordings table
    rows : recordings
    speakers : distinct ones; `unlabelled` counts the rows without
    languages, noises : rows of each
    language_sources, noise_sources, gender_sources : rows whose tag came from a manifest, from
        folder names, from a tagger, or from nowhere
    scores, trials, failures : rows of these tables
    index_fresh : whether the FAISS indexes hold precisely the rows
    index_recall : the lowest recall at 20 of any partition, None without an index
    size_bytes : of the whole folder, or of all at the URL
    """

    path: str
    working_copy: str | None
    created: str
    encoder: str
    fingerprint: str
    dimension: int
    version: int
    rows: int
    speakers: int
    unlabelled: int
    hours: float
    languages: dict[str, int]
    noises: dict[str, int]
    language_sources: dict[str, int]
    noise_sources: dict[str, int]
    gender_sources: dict[str, int]
    roots: list[str]
    scores: int
    trials: int
    failures: int
    index_fresh: bool
    index_recall: float | None
    has_reranker: bool
    size_bytes: int


def describe(store: "Store") -> StoreInfo:
    """Count what is in a store."""
    rows = store.recordings.scan(
        [
            *("root", "speaker", "language", "noise", "duration_s"),
            *("language_source", "noise_source", "gender_source"),
        ]
    )
    recalls = store.vectors.recalls().values()
    return StoreInfo(
        path=str(store.place),
        working_copy=None if store.place == store.path else str(store.path),
        created=store.created.isoformat(),
        encoder=store.encoder.name,
        fingerprint=store.encoder.fingerprint,
        dimension=store.encoder.dimension,
        version=store.recordings.version(),
        rows=rows.num_rows,
        speakers=pc.count_distinct(rows["speaker"], mode="only_valid").as_py(),
        unlabelled=rows["speaker"].null_count,
        hours=round((pc.sum(rows["duration_s"]).as_py() or 0.0) / 3600, 4),
        languages=_counts(rows["language"]),
        noises=_counts(rows["noise"]),
        language_sources=_counts(rows["language_source"]),
        noise_sources=_counts(rows["noise_source"]),
        gender_sources=_counts(rows["gender_source"]),
        roots=sorted(pc.unique(rows["root"]).to_pylist()),
        scores=store.scores.count(),
        trials=store.trials.count(),
        failures=store.failures.count(),
        index_fresh=store.vectors.fresh(),
        index_recall=min(recalls, default=None),
        has_reranker=store.reranker_path.is_dir(),
        size_bytes=store.size_bytes(),
    )


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return dict(Counter(column.to_pylist()).most_common())
