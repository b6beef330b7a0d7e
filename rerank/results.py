"""What matching answers: `to_dict` of each is the document that `--json` prints."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .speaker_shares import SpeakerShare


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate of a group.

    Parameters
    ----------
    rank : 1 is the best
    path, id : as stored; of a file that is not stored, the file, and None
    language, noise : its conditions
    cosine : with the anchor
    score : of the reranker, or of the system in its place
    probability : that it is the match, given that precisely one of the group is
    contributions : what each feature added to the score, the strongest first; None unless asked for
    features : the value of every feature, None where unknown; None unless asked for
    explanation : what speaks for the candidate and what against, in words; None unless asked for
    """

    rank: int
    path: str
    id: int | None
    language: str
    noise: str
    cosine: float
    score: float
    probability: float
    contributions: Mapping[str, float] | None = None
    features: Mapping[str, float | None] | None = None
    explanation: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate's part of the document."""
        names = ("rank", "path", "id", "language", "noise", "cosine", "score", "probability")
        return {name: getattr(self, name) for name in names} | _explained(self)


@dataclass(frozen=True, slots=True)
class Match:
    """The match of an anchor in a group.

    Parameters
    ----------
    anchor : its path
    path : of the match; None where the caller asked to abstain and this is such a case
    probability : of the best candidate, given that precisely one of the group is the match
    none_probability : that none of the group is the match, at equal prior; None without a reranker
    encoder, reranker : name and fingerprint of each; `reranker` is None without one
    candidates : the best first
    warnings : in plain words
    speakers : of a search of the whole store, what labelled speakers' candidates have together
    """

    anchor: str
    path: str | None
    probability: float
    none_probability: float | None
    encoder: str
    reranker: str | None
    candidates: Sequence[Candidate]
    warnings: Sequence[str] = ()
    speakers: Sequence[SpeakerShare] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `spkret query --json` prints."""
        document = {
            "anchor": self.anchor,
            "match": self.path,
            "probability": self.probability,
            "none_probability": self.none_probability,
            "encoder": self.encoder,
            "reranker": self.reranker,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "warnings": list(self.warnings),
        }
        if self.speakers is not None:
            document["speakers"] = [asdict(share) for share in self.speakers]
        return document


@dataclass(frozen=True, slots=True)
class Decision:
    """What decided that two recordings have one speaker: a score at or above a threshold.

    Parameters
    ----------
    system : whose score it is: `qmf` (log odds), `asnorm` or `centred`
    score, threshold : compared
    source : where the threshold comes from, in words
    """

    system: str
    score: float
    threshold: float
    source: str


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether two recordings have one speaker.

    Parameters
    ----------
    left, right : paths
    same_speaker : by the store's threshold; without one, whether the probability is above one half;
        None without a reranker either
    cosine, asnorm : plain and normalised score; `asnorm` is None without a cohort
    probability : that one speaker speaks both, at equal prior; None without a reranker
    decision : what `same_speaker` rests on; None where it is
    contributions, features, explanation : of the linear model, as those of a `Candidate`
    """

    left: str
    right: str
    same_speaker: bool | None
    cosine: float
    asnorm: float | None
    probability: float | None
    decision: Decision | None
    encoder: str
    reranker: str | None
    warnings: Sequence[str] = ()
    contributions: Mapping[str, float] | None = None
    features: Mapping[str, float | None] | None = None
    explanation: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `spkret verify --json` prints."""
        document = {
            "a": self.left,
            "b": self.right,
            "same_speaker": self.same_speaker,
            "cosine": self.cosine,
            "asnorm": self.asnorm,
            "probability": self.probability,
            "decision": None if self.decision is None else asdict(self.decision),
            "encoder": self.encoder,
            "reranker": self.reranker,
            "warnings": list(self.warnings),
        }
        return document | _explained(self)


@dataclass(frozen=True, slots=True)
class KnownSpeaker:
    """A labelled speaker as a candidate, enrolled by the mean of all their recordings."""

    rank: int
    speaker: str
    recordings: int
    cosine: float
    score: float
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """Return the speaker's part of the document."""
        names = ("rank", "speaker", "recordings", "cosine", "score", "probability")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Identification:
    """Which labelled speaker of a store speaks the anchor.

    Parameters
    ----------
    speaker : the likeliest; None where the caller allows for nobody and that is likelier
    probability : of the likeliest, given that it is one of those ranked
    none_probability : that it is none of them, at equal prior; None without a reranker
    calibrated_on : how many of the speakers the probabilities were calibrated on; 0 where too few
        have two recordings, and the reranker's calibration for single recordings stands in
    speakers : the likeliest first
    """

    anchor: str
    speaker: str | None
    probability: float
    none_probability: float | None
    encoder: str
    reranker: str | None
    calibrated_on: int
    speakers: Sequence[KnownSpeaker]
    warnings: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `spkret identify --json` prints."""
        return {
            "anchor": self.anchor,
            "speaker": self.speaker,
            "probability": self.probability,
            "none_probability": self.none_probability,
            "encoder": self.encoder,
            "reranker": self.reranker,
            "calibrated_on": self.calibrated_on,
            "speakers": [speaker.to_dict() for speaker in self.speakers],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class IdentificationEvaluation:
    """Anchors identified one by one, and how often rightly where their speakers are known.

    Parameters
    ----------
    skipped : anchors that are not there
    known, enrolled : anchors whose speaker is known, and those whose speaker is enrolled as well
    open_set : whether "none of them" may be the answer
    accuracy : share of right answers, with its 95 % interval over speakers; of enrolled speakers
        only, unless `open_set`: then "none of them" is the right answer to the others
    top5 : share of anchors of enrolled speakers whose speaker is among the first five
    identifications, speakers : of each anchor, and its speaker, None where unknown
    """

    skipped: int
    known: int
    enrolled: int
    open_set: bool
    accuracy: float | None
    accuracy_ci: tuple[float, float] | None
    top5: float | None
    top5_ci: tuple[float, float] | None
    identifications: Sequence[Identification]
    speakers: Sequence[str | None]
    warnings: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `spkret identify --anchors FILE --json` prints."""
        names = ("skipped", "known", "enrolled", "open_set")
        figures = ("accuracy", "accuracy_ci", "top5", "top5_ci")
        answers = zip(self.identifications, self.speakers, strict=True)
        return {
            "anchors": len(self.identifications),
            **{name: getattr(self, name) for name in (*names, *figures)},
            "identifications": [
                answer.to_dict() | {"true_speaker": speaker} for answer, speaker in answers
            ],
            "warnings": list(self.warnings),
        }


def _explained(answer: Candidate | Verification) -> dict[str, Any]:
    """Return the part of a document that explains a score; nothing unless it was asked for."""
    if answer.contributions is None or answer.features is None:
        return {}
    return {
        "contributions": dict(answer.contributions),
        "features": dict(answer.features),
        "explanation": answer.explanation,
    }
