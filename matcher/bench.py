"""A store ready to be matched in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..rerank.loading import load_for
from ..rerank.ranker import Reranker
from ..retrieval.library import Embed, Gathered, Library, library
from ..retrieval.normalize import Background, Centred
from ..retrieval.voices import Voices

if TYPE_CHECKING:
    from ..rerank.enrolment_files import Spoken
    from ..rerank.known_speakers import KnownSpeakers
    from ..store.store import Store

RERANKED = 50
"""How many of the nearest recordings or speakers are reranked when a whole store is searched."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A store ready to be matched in: its recordings, its reranker and what is usual in it."""

    store: "Store"
    library: Library
    reranker: Reranker | None

    @classmethod
    def of(cls, store: "Store") -> "Bench":
        """Open a store's library and load its reranker."""
        return cls(store, library(store), load_for(store))

    @property
    def prior(self) -> Background | None:
        """What the store's background is shrunk towards: the reranker's."""
        return None if self.reranker is None else self.reranker.background

    @property
    def reranker_name(self) -> str | None:
        """The fingerprint of the reranker."""
        return None if self.reranker is None else self.reranker.fingerprint

    def background(self) -> Background:
        """Return what is usual in the store."""
        return self.library.background(self.prior, self.reranker_name or "")

    def known_speakers(
        self, enrolment: "Sequence[Spoken] | None", embed: Embed | None
    ) -> "KnownSpeakers":
        """Return the speakers to choose from: those that a list enrols, or all labelled ones."""
        from ..rerank.known_speakers import KnownSpeakers

        listed = None
        if enrolment is not None:
            listed = self.library.gather([entry.reference for entry in enrolment], embed)
        known = KnownSpeakers.of(
            self.library, self.background(), self.reranker, listed, enrolment or ()
        )
        return known.calibrated(RERANKED, self.store.path / "index" / "speakers.json")

    def background_without(self, voices: Voices) -> Background:
        """Return the store's background whose cohort has none of these speakers."""
        return Background.fit(
            self.library.labelled(),
            self.prior,
            exclude_speakers={name for name in voices.speakers.tolist() if name is not None},
            exclude_ids=voices.ids.tolist(),
        )

    def centred(self, gathered: Gathered) -> Centred:
        """See recordings against the store without their own speakers."""
        speakers = {name for name in gathered.voices.speakers.tolist() if name is not None}
        ids = gathered.voices.ids.tolist()
        return self.background().without(speakers, ids, self.prior).apply(gathered.voices)
