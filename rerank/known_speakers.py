"""Which known speaker speaks an anchor: the speakers to choose from, and the choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import UsageError
from ..retrieval.groups import Groups
from ..retrieval.library import Gathered, Library
from ..retrieval.normalize import Background
from .enrolled_calibration import FEWEST_SPEAKERS, UNCHANGED, EnrolledCalibration, cached, calibrate
from .enrolment import Enrolled, Roster, enrol, named
from .enrolment_files import Spoken
from .ranker import Reranker
from .results import Identification, KnownSpeaker
from .scoring import (
    Scored,
    abstains,
    best_first,
    known_or_none,
    missing_reranker,
    score_groups,
)

Rows = npt.NDArray[np.int64]

_NOBODY = (
    "expected speakers that other recordings enrol, got none; index a manifest with labelled"
    " speakers, or list more recordings"
)


@dataclass(frozen=True, slots=True)
class KnownSpeakers:
    """Those of a store, or those that a list enrols.

    Parameters
    ----------
    library : of the store
    roster : the speakers
    recordings : those of a list; None where all labelled ones of the store enrol their speakers
    background : of the store, its cohort without recordings that the list calls otherwise
    reranker : None where there is none
    calibration : of probabilities, to these speakers
    """

    library: Library
    roster: Roster
    recordings: Gathered | None
    background: Background
    reranker: Reranker | None
    calibration: EnrolledCalibration = UNCHANGED

    @classmethod
    def of(
        cls,
        library: Library,
        background: Background,
        reranker: Reranker | None,
        listed: Gathered | None,
        entries: Sequence[Spoken],
    ) -> "KnownSpeakers":
        """Enrol speakers by `listed`, the recordings that `entries` name, else by all labels.

        Raises
        ------
        UsageError
            There is no list, and no recording of the store has a label.
        """
        prior = None if reranker is None else reranker.background
        if listed is None:
            labelled = library.labelled()
            if all(name is None for name in labelled.speakers.tolist()):
                raise UsageError(_NOBODY)
            roster = Roster.of(labelled, background)
            return cls(library, roster, None, background.without([], [], prior), reranker)
        recordings, replaced = named(listed, entries)
        roster = Roster.of(recordings.voices, background)
        cohort = background.without(replaced, [], prior)
        return cls(library, roster, recordings, cohort, reranker)

    def calibrated(self, k: int, cache: Path) -> "KnownSpeakers":
        """Calibrate probabilities of the `k` nearest on these speakers.

        Parameters
        ----------
        cache : keeps the calibration to all labelled recordings of a version of the store
        """
        if self.reranker is None:
            return self
        reranker, recordings = self.reranker, self.recordings
        if recordings is not None:
            fitted = calibrate(recordings.voices, recordings.take, self.background, reranker, k)
            return replace(self, calibration=fitted)
        labelled = self.library.labelled()

        def fit() -> EnrolledCalibration:
            fetch = lambda rows: self.library.by_id(labelled.ids[rows])  # noqa: E731
            return calibrate(labelled, fetch, self.background, reranker, k)

        key = f"{self.library.state}/{reranker.fingerprint}/{k}"
        return replace(self, calibration=cached(cache, key, fit))

    def identify(self, asked: Gathered, open_set: bool, k: int, encoder: str) -> Identification:
        """Rank the `k` speakers nearest to an anchor.

        Parameters
        ----------
        asked : the anchor
        open_set : name nobody where "none of them" is likelier than not
        encoder : its name, to be reported

        Raises
        ------
        UsageError
            Nobody is enrolled by another recording.
        """
        own = int(asked.voices.ids[0])
        near = self.roster.nearest(self.background.centre(asked.voices)[0], k, own)
        recordings = self._recordings(near, asked)
        if not len(recordings.voices):
            raise UsageError(_NOBODY)
        enrolled = enrol(asked, recordings, self.background)
        groups = Groups.of([0], [np.arange(1, len(enrolled.gathered.voices))])
        scored = self.calibration.apply(
            score_groups(enrolled.gathered, enrolled.centred, groups, self.reranker)
        )
        speakers, none = _speakers(scored, enrolled), known_or_none(scored.none_probabilities[0])
        abstain = abstains(speakers[0].probability, none, open_set, None)
        return Identification(
            anchor=str(asked.paths[0]),
            speaker=None if abstain else speakers[0].speaker,
            probability=speakers[0].probability,
            none_probability=none,
            encoder=encoder,
            reranker=None if self.reranker is None else self.reranker.fingerprint,
            calibrated_on=self.calibration.speakers,
            speakers=speakers,
            warnings=[*missing_reranker(scored.system, open_set), *self._doubts(open_set)],
        )

    def _doubts(self, open_set: bool) -> list[str]:
        """Warn where "none of them" is asked of speakers that are too few to calibrate it on."""
        if not open_set or self.reranker is None or self.calibration.speakers:
            return []
        return [
            '"none of them" is calibrated for single recordings, not for these speakers: fewer than'
            f" {FEWEST_SPEAKERS} of them have another recording to calibrate on"
        ]

    def truth(self, anchor: Spoken, asked: Gathered) -> str | None:
        """Who speaks an anchor, if that is known."""
        label = asked.voices.speakers[0]
        if anchor.speaker is not None or label is None:
            return anchor.speaker
        named_alike = self.recordings is None or label in self.roster.speakers
        return str(label) if named_alike else None

    def enrols(self, speaker: str | None, asked: Gathered) -> bool:
        """Tell whether a speaker is enrolled by another recording than the anchor."""
        return speaker is not None and self.roster.enrols(speaker, int(asked.voices.ids[0]))

    def _recordings(self, rows: Rows, asked: Gathered) -> Gathered:
        """Fetch the recordings at these rows of the roster, but those of the anchor's audio."""
        if self.recordings is None:
            found = self.library.by_id(self.library.labelled().ids[rows])
        else:
            found = self.recordings.take(rows)
        others = found.voices.content_hashes != asked.voices.content_hashes[0]
        return found.take(np.flatnonzero(others))


def _speakers(scored: Scored, enrolled: Enrolled) -> list[KnownSpeaker]:
    order = best_first(scored, enrolled.gathered)
    cosines = scored.features.column("cosine")
    return [
        KnownSpeaker(
            rank=place + 1,
            speaker=enrolled.speakers[position],
            recordings=enrolled.counts[position],
            cosine=float(cosines[position]),
            score=float(scored.scores[position]),
            probability=float(scored.probabilities[position]),
        )
        for place, position in enumerate(order.tolist())
    ]
