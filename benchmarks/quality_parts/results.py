"""What the benchmark finds, as it stands in its JSON file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Share:
    """A top-1 accuracy or a difference of two, with its 95 % interval over speakers."""

    top1: float
    ci: Interval


@dataclass(frozen=True, slots=True)
class Part:
    """Top-1 of every system in one part of the records; `candidates` is the mean of a group."""

    records: int
    candidates: float
    systems: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class SystemFigures:
    """One system on all records: top-1 as the mean of cells, the others over all records."""

    top1: float
    ci: Interval
    mrr: float
    eer: float
    min_dcf: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reranker against a baseline.

    Parameters
    ----------
    top1, ci : the reranker's top-1 less the baseline's, mean of cells, records paired
    clear : whether the interval lies above zero
    fewer_errors : share of the baseline's errors that the reranker avoids; None if it makes none
    """

    top1: float
    ci: Interval
    clear: bool
    fewer_errors: float | None


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach: what, how much was asked, what was found, and whether it suffices."""

    what: str
    asked: float
    found: float
    met: bool


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether probabilities hold: of the winner, and Cllr of pairs' log odds in bits."""

    trials: int
    ece: float
    brier: float
    cllr: float
    min_cllr: float


@dataclass(frozen=True, slots=True)
class OpenFigures:
    """Telling groups without a match from groups with one.

    Parameters
    ----------
    groups : how many, half of them without a match
    roc_area : of "none of them", by each system's best score, and by the probability (`none`)
    ece, brier : of the probability of "none of them"
    """

    groups: int
    roc_area: Mapping[str, float]
    ece: float
    brier: float


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """Closed and open groups of one size, the same records for all sizes."""

    closed: Part
    opened: OpenFigures


@dataclass(frozen=True, slots=True)
class ProtocolResult:
    """One encoder on one rendering of the recordings."""

    records: int
    systems: Mapping[str, SystemFigures]
    comparisons: Mapping[str, Comparison]
    targets: Sequence[Target]
    cells: Mapping[str, Part]
    noise_pairs: Mapping[str, Part]
    languages: Mapping[str, Part]
    reliability: Reliability
    opened: OpenFigures
    sizes: Mapping[int, SizeFigures]


@dataclass(frozen=True, slots=True)
class Ablation:
    """A reranker trained without some features: top-1, and what it loses to one with all."""

    features: int
    top1: float
    loss: Share


@dataclass(frozen=True, slots=True)
class EncoderResult:
    """All of one encoder.

    Parameters
    ----------
    model, fingerprint, dimension : of the encoder
    reranker : its fingerprint
    shipped : whether the reranker ships; else it was trained for the benchmark
    protocols : by name
    ablations : by protocol, by what was left out
    """

    model: str
    fingerprint: str
    dimension: int
    reranker: str
    shipped: bool
    protocols: Mapping[str, ProtocolResult]
    ablations: Mapping[str, Mapping[str, Ablation]]


@dataclass(frozen=True, slots=True)
class Results:
    """The whole benchmark: what it ran on, and each encoder."""

    spkret: str
    split: str
    seed: int
    plan: Mapping[str, object]
    encoders: Mapping[str, EncoderResult]
