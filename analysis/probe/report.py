"""What a probe reports."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .classifiers import NAIVE
from .figures import ClassFigures, Figures
from .inspection import Inspection
from .target import Target


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A value of the tag: how many recordings and speakers take part with it."""

    name: str
    recordings: int
    speakers: int


@dataclass(frozen=True, slots=True)
class ClassifierReport:
    """How well one classifier predicts the tag of recordings it was not trained on.

    Attributes
    ----------
    name : of the classifier
    figures : over all recordings, each predicted once
    no_better_than_naive : whether the interval of its balanced accuracy overlaps that of the naive
        baseline; None for the baseline itself
    classes : each class alone
    confusion : recordings by true class (row) and predicted class (column), in the order of classes
    seconds : it took, training and predicting in all folds
    """

    name: str
    figures: Figures
    no_better_than_naive: bool | None
    classes: Sequence[ClassFigures]
    confusion: Sequence[Sequence[int]]
    seconds: float


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """How well a tag is predicted from features.

    Attributes
    ----------
    target, features : what is predicted, from what
    split : what never lies on both sides, in words
    folds, seed : of the cross-validation
    recordings, speakers : how many take part
    classes : the values of the tag, sorted by name
    classifiers : the naive baseline first
    absent : classifiers that do not apply, and why
    inspection : the features' own analysis
    warnings : what was left out, a sentence each
    """

    target: Target
    features: str
    split: str
    folds: int
    seed: int
    recordings: int
    speakers: int
    classes: Sequence[ClassCount]
    classifiers: Sequence[ClassifierReport]
    absent: Mapping[str, str]
    inspection: Inspection
    warnings: Sequence[str]

    @property
    def best(self) -> ClassifierReport:
        """The classifier with the highest balanced accuracy, the naive baseline aside."""
        others = [each for each in self.classifiers if each.name != NAIVE]
        return max(others, key=lambda each: each.figures.balanced_accuracy.value)

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON's own types; what is not finite is None."""
        plain = _plain(asdict(self))
        assert isinstance(plain, dict)  # noqa: S101 - for the type checker
        return plain


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Target) else value
