"""Fill in the tags that stored recordings lack, from their columns; audio only where it must be."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ...store.reading import quote
from ...store.schema import Tag, TagSource
from ..stored import measured
from .base import MISSING, Evidence, Tagger, TagName, best, may_set
from .fill import sounds_of

if TYPE_CHECKING:
    from ...store.recordings import RecordingsTable

CHUNK_ROWS = 2_000
_INPUTS = (
    *("id", "root", "path", "duration_s", "speech_s", "sample_rate_hz", "snr_db", "bandwidth_hz"),
    *("f0_hz", "spectrum_mean", "spectrum_std", "embedding", "embedding_norm"),
)


@dataclass(frozen=True, slots=True)
class TagSummary:
    """What one run of a tagger did.

    Of the `rows` that it was asked about, `tagged` counts those that got each value; `unsaid` are
    those of which nothing could be said.
    """

    tag: TagName
    rows: int
    tagged: Mapping[str, int]
    unsaid: int


def tag_stored(
    table: "RecordingsTable",
    tagger: Tagger,
    root: str | None = None,
    again: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> TagSummary:
    """Tag stored recordings that lack a tag; what a manifest or a folder gave stays as it is.

    A row whose language or noise changes moves to its new partition in the same transaction. Rows
    are committed 2,000 at a time: what a killed run leaves, the next one does.

    Parameters
    ----------
    table : the recordings
    tagger : what says which tag
    root : only rows indexed from this folder
    again : replace what a tagger said earlier, too
    progress : told after each commit how many rows are done, and of how many
    """
    lacking = _lacking(table, tagger.tag, root, again)
    found: Counter[str] = Counter()
    done = 0
    for chunk in _chunks(lacking):
        tags = _tags(table, chunk, tagger)
        table.edit(list(tags), partial(_retagged, name=tagger.tag, tags=tags))
        found += Counter(str(tag.value) for tag in tags.values())
        done += len(chunk)
        if progress is not None:
            progress(done, len(lacking))
    unsaid = len(lacking) - found.total()
    return TagSummary(tagger.tag, len(lacking), dict(found.most_common()), unsaid)


def tagged(table: "RecordingsTable", name: TagName, root: str) -> dict[str, int]:
    """Count the rows of a folder that a tagger gave each value."""
    where = f"root = {quote(root)} AND {name}_source = '{TagSource.TAGGER}'"
    values = table.scan(columns=[name], where=where).column(name).to_pylist()
    return dict(Counter(values).most_common())


def _lacking(table: "RecordingsTable", name: TagName, root: str | None, again: bool) -> list[int]:
    """List the rows that a tagger is to look at."""
    where = None if root is None else f"root = {quote(root)}"
    stored = table.scan(columns=["id", *_columns(name)], where=where)
    return [
        row["id"]
        for batch in stored.to_batches()
        for row in batch.to_pylist()
        if may_set(_tag(row, name)) and (again or row[name] in MISSING)
    ]


def _tags(table: "RecordingsTable", ids: Sequence[int], tagger: Tagger) -> dict[int, Tag]:
    rows = table.scan(columns=_INPUTS, ids=ids).to_pylist()
    acoustics, embeddings, _ = zip(*map(measured, rows), strict=True) if rows else ((), (), ())
    evidence = Evidence(
        acoustics=acoustics,
        embeddings=np.array(embeddings, np.float32),
        windows=sounds_of([(row["root"], row["path"]) for row in rows]),
    )
    tags = zip(rows, best(tagger, evidence), strict=True)
    return {row["id"]: tag for row, tag in tags if tag is not None}


def _retagged(stored: pa.Table, name: TagName, tags: Mapping[int, Tag]) -> pa.Table:
    """Return the rows that change, with their new tag, of rows as they are stored just now."""
    columns = stored.select(["id", *_columns(name)]).to_pylist()
    changes = [may_set(_tag(row, name)) and tags[row["id"]] != _tag(row, name) for row in columns]
    rows = stored.filter(pa.array(changes, pa.bool_()))
    given = [tags[row] for row in rows["id"].to_pylist()]
    values = ([t.value for t in given], [str(t.source) for t in given])
    for column, items in zip(
        _columns(name), (*values, [t.probability for t in given]), strict=True
    ):
        place = rows.schema.get_field_index(column)
        rows = rows.set_column(place, column, pa.array(items, rows.schema.field(column).type))
    return rows


def _tag(row: Mapping[str, Any], name: TagName) -> Tag:
    value, source, probability = (row[column] for column in _columns(name))
    return Tag(value, TagSource(source or TagSource.NONE), probability)


def _columns(name: TagName) -> tuple[str, str, str]:
    return name, f"{name}_source", f"{name}_probability"


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + CHUNK_ROWS] for start in range(0, len(ids), CHUNK_ROWS))
