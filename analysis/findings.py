"""What an audit finds, and how it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Evidence = Mapping[str, float | int | str]


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    SERIOUS = "serious"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """What a finding is about."""

    SAME_CONTENT = "same_content"
    SAME_AUDIO = "same_audio"
    TWO_LABELS = "two_labels"
    LABEL_OUTLIER = "label_outlier"
    SHARED_TRIALS = "shared_trials"
    UNKNOWN_IN_TRIALS = "unknown_in_trials"
    SMALL_CELLS = "small_cells"
    NO_TRIALS = "no_trials"
    SINGLE_RECORDING = "single_recording"
    MISSING_TAG = "missing_tag"
    SHORTCUT = "shortcut"
    OWN_CHANNEL = "own_channel"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a store that a user should know.

    Attributes
    ----------
    kind, severity : what it is about, and how much it matters
    summary : one sentence
    paths : of the recordings concerned, sorted; empty if it concerns none in particular
    evidence : the numbers behind it
    advice : what to do
    """

    kind: Kind
    severity: Severity
    summary: str
    paths: Sequence[str]
    evidence: Evidence
    advice: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All that an audit found.

    Attributes
    ----------
    recordings, speakers : how many there are in the store; speakers that are labelled
    near_identical : the cosine above which embeddings count as near-identical in this store, NaN
        where it is too small to tell
    findings : the serious ones first
    compared : recordings whose voices were compared with each other; all but in a report of a large
        store
    """

    recordings: int
    speakers: int
    near_identical: float
    findings: Sequence[Finding]
    compared: int

    @property
    def serious(self) -> Sequence[Finding]:
        """The findings that make figures or matches wrong."""
        return [each for each in self.findings if each.severity is Severity.SERIOUS]


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Sort findings: serious ones first, one kind after the other."""
    severities, kinds = list(Severity), list(Kind)
    return sorted(
        findings,
        key=lambda f: (severities.index(f.severity), kinds.index(f.kind), f.summary, f.paths),
    )
