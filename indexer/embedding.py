"""Recordings read, embedded and committed: by this process, or a part of them by each of many."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..store.schema import Embedded, EncoderIdentity, Failure, Recording, Seconds
from ..store.urls import is_url
from .ahead import ahead
from .commit import CHUNK_ROWS, Committer
from .extract import Outcome, decoders, extract
from .extraction import Extractor
from .stored import Contents, stored_heads
from .tagging.base import Tagger

if TYPE_CHECKING:
    from ..store.recordings import RecordingsTable
    from ..store.store import Store

Claim = Callable[[str], bool]

FETCHES_A_CORE = 4
"""Files at a URL are waited for more than they are decoded."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of some recordings: `files` of them are finished.

    `indexed` rows were committed, `duplicates` of them took the embedding that their content had;
    `audio_s` seconds of audio were read for them.
    """

    files: int = 0
    indexed: int = 0
    duplicates: int = 0
    audio_s: Seconds = 0.0
    failures: tuple[Failure, ...] = ()

    def __add__(self, other: "Done") -> "Done":
        return Done(
            self.files + other.files,
            self.indexed + other.indexed,
            self.duplicates + other.duplicates,
            self.audio_s + other.audio_s,
            self.failures + other.failures,
        )


class Workers(Protocol):
    """Those who read the files of a run, and build the indexes.

    Attributes
    ----------
    identity : what they embed with, which the store is bound to
    taggers : what fills in the tags that recordings lack
    """

    identity: EncoderIdentity
    taggers: Sequence[Tagger]

    def embed(self, store: "Store", recordings: Sequence[Recording]) -> Iterator[Done]:
        """Read, embed and commit recordings, and say as it goes what became of them."""
        ...

    def refresh(self, store: "Store") -> None:
        """Build the indexes that are stale."""
        ...


class ThisProcess:
    """One process that does it all."""

    def __init__(self, extractor: Extractor, taggers: Sequence[Tagger] = ()) -> None:
        self.identity, self.taggers = extractor.identity, taggers
        self._extractor = extractor

    def embed(self, store: "Store", recordings: Sequence[Recording]) -> Iterator[Done]:
        """Embed what is not stored yet; one recording is told of at a time."""
        if recordings:
            if self._extractor.encoder.on_gpu:
                self._extractor.encoder.warm_up()
            contents = Contents(stored_heads(store.recordings))
            yield from embed(
                recordings, store.recordings, self._extractor, contents.claim, self.taggers
            )

    def refresh(self, store: "Store") -> None:
        """Build them one by one."""
        store.vectors.refresh()


def embed(
    recordings: Sequence[Recording],
    table: "RecordingsTable",
    extractor: Extractor,
    claim: Claim,
    taggers: Sequence[Tagger] = (),
) -> Iterator[Done]:
    """Read, embed and commit recordings; rows that are there already are replaced by equal ones.

    Parameters
    ----------
    recordings : the files
    table : where the rows go
    extractor, taggers : what is done to the files
    claim : tells whether a content is still to be embedded, see `stored.Contents`
    """
    remote = bool(recordings) and is_url(recordings[0].root)
    workers = decoders() * (FETCHES_A_CORE if remote else 1)

    def outcomes(files: Sequence[Recording], claim: Claim) -> Iterator[Outcome]:
        """Embed in a thread, so that the encoder goes on while rows are committed."""
        found = extract(files, extractor.encoder, claim, workers, extractor.options)
        return ahead(found, 2 * CHUNK_ROWS)

    committer = Committer(table, taggers=taggers)
    for outcome in outcomes(recordings, claim):
        yield _taken(outcome, committer, files=1)
    committer.flush()
    orphans = [one.recording for one in committer.orphans()]
    for outcome in outcomes(orphans, always):
        yield _taken(outcome, committer, files=0)
    committer.flush()
    yield Done(indexed=committer.counts["indexed"], duplicates=committer.counts["duplicates"])


def always(_: str) -> bool:
    """Claim a content, whoever else has."""
    return True


def _taken(outcome: Outcome, committer: Committer, files: int) -> Done:
    if isinstance(outcome, Failure):
        return Done(files, failures=(outcome,))
    committer.add(outcome)
    read_s = outcome.acoustics.duration_s if isinstance(outcome, Embedded) else 0.0
    return Done(files, audio_s=read_s)
