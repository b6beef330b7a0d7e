"""What an indexing run tells: how far it is, and what it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..store.schema import Seconds


class Progress(Protocol):
    """Called after each file of a run."""

    def __call__(self, done: int, total: int, audio_s: Seconds) -> None:
        """Take note that `done` of `total` files are finished, and seconds of audio read so far."""
        ...


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What one run of `index` did.

    `files` were listed: `indexed` of them were read and stored, `unchanged` were not read,
    `updated` got new tags only, and `failed` counts the others by reason (rows that name no file
    too). `duplicates` of the indexed ones took the embedding that their content had already.
    `pruned` rows had lost their file. `found` counts the listed recordings that have each tag,
    read from `origin`, a manifest's path or `folders`. `hours` of audio were read in `seconds`.
    `tagged` counts, of each tag that was asked for, the rows of the folder that a tagger gave each
    value, in this run or an earlier one. `doubts` says in plain words what the list leaves open.
    """

    root: str
    origin: str
    files: int
    indexed: int
    duplicates: int
    unchanged: int
    updated: int
    pruned: int
    failed: Mapping[str, int]
    found: Mapping[str, int]
    hours: float
    seconds: Seconds
    tagged: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    doubts: Sequence[str] = ()
