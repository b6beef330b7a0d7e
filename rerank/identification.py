"""How often anchors are identified rightly, in a closed or an open set of speakers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .. import metrics
from .results import Identification, IdentificationEvaluation

Doubles = npt.NDArray[np.float64]

_FIRST = 5


def evaluate_identifications(
    answers: Sequence[Identification],
    speakers: Sequence[str | None],
    enrolled: Sequence[bool],
    *,
    open_set: bool,
    skipped: int,
    warnings: Sequence[str],
) -> IdentificationEvaluation:
    """Measure answers by speakers that are known.

    Parameters
    ----------
    answers : of each anchor, all its speakers ranked
    speakers : who speaks each anchor, None where unknown
    enrolled : whether that speaker is among those to choose from
    open_set : whether "none of them" is the right answer for the others
    skipped, warnings : to be reported
    """
    inside = [bool(known) for known in enrolled]
    judged = [
        (named is not None and (within or open_set))
        for named, within in zip(speakers, inside, strict=True)
    ]
    right = [
        answer.speaker == (named if within else None)
        for answer, named, within in zip(answers, speakers, inside, strict=True)
    ]
    among = [
        named in [speaker.speaker for speaker in answer.speakers[:_FIRST]]
        for answer, named in zip(answers, speakers, strict=True)
    ]
    accuracy, accuracy_ci = _share(right, judged, speakers)
    top5, top5_ci = _share(among, inside, speakers)
    return IdentificationEvaluation(
        skipped=skipped,
        known=sum(named is not None for named in speakers),
        enrolled=sum(inside),
        open_set=open_set,
        accuracy=accuracy,
        accuracy_ci=accuracy_ci,
        top5=top5,
        top5_ci=top5_ci,
        identifications=answers,
        speakers=speakers,
        warnings=warnings,
    )


def _share(
    outcomes: Sequence[bool], counted: Sequence[bool], speakers: Sequence[str | None]
) -> tuple[float | None, tuple[float, float] | None]:
    """Share of the outcomes that count, and its interval over speakers; None of nothing."""
    which = np.flatnonzero(counted)
    if not len(which):
        return None, None
    values: Doubles = np.array(outcomes, np.float64)[which]
    names = np.array([str(speakers[number]) for number in which.tolist()])
    return float(values.mean()), metrics.bootstrap_interval(values, names)
