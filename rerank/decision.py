"""The threshold of `verify`: found on a list of pairs, saved in the store, bound to its scores.

A threshold does not carry over to another encoder, another reranker or other recordings, so none is
built in. `verification.json` in the store's folder names what it was found on; it is ignored, with
a warning, once encoder or reranker are others.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import metrics
from ..errors import TrialError, UsageError
from ..store.files import write_text
from ..store.sealed import seal, unseal

Doubles = npt.NDArray[np.float64]

FILE_NAME = "verification.json"
FEWEST_ERRORS = 30
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Where to put a threshold: one of the three is given.

    Parameters
    ----------
    false_alarm : the largest share of different-speaker pairs to accept
    balanced : where both kinds of pairs are told right at the same rate
    prior : of one speaker; the threshold of least expected cost for calibrated log odds

    Raises
    ------
    UsageError
        Not precisely one is given, or a share is not between 0 and 1.
    """

    false_alarm: float | None = None
    balanced: bool = False
    prior: float | None = None

    def __post_init__(self) -> None:
        given = (self.false_alarm is not None) + self.balanced + (self.prior is not None)
        if given != 1:
            raise UsageError(
                "expected one of a false-alarm rate, a balanced threshold and a target prior,"
                f" got {given}"
            )
        share = self.prior if self.false_alarm is None else self.false_alarm
        if share is not None and not 0 < share < 1:
            raise UsageError(f"expected a rate or prior between 0 and 1, got {share}")

    def __str__(self) -> str:
        if self.balanced:
            return "balanced errors"
        if self.prior is not None:
            return f"target prior {self.prior:g}"
        return f"false-alarm rate of at most {self.false_alarm:g}"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold, and what it was found on.

    Parameters
    ----------
    system : whose scores it is for: `qmf` (log odds), `asnorm` or `centred`
    value : scores at or above it are accepted
    rule : in words
    miss, false_alarm : error rates on the pairs it was found on
    targets, nontargets : how many they were
    source : the list of pairs
    encoder, reranker : fingerprints
    created : when, ISO 8601
    """

    system: str
    value: float
    rule: str
    miss: float
    false_alarm: float
    targets: int
    nontargets: int
    source: str
    encoder: str
    reranker: str | None
    created: str

    def __str__(self) -> str:
        pairs = f"{self.targets + self.nontargets} pairs of {self.source}"
        return f"{self.rule} on {pairs}, {self.created[:10]}"


@dataclass(frozen=True, slots=True)
class Scale:
    """What a threshold belongs to: the system of the scores, encoder and reranker."""

    system: str
    encoder: str
    reranker: str | None


def find_threshold(
    rule: Rule, scale: Scale, targets: Doubles, nontargets: Doubles, source: str
) -> Threshold:
    """Put a threshold where a rule says.

    Parameters
    ----------
    rule, scale : of the threshold
    targets, nontargets : scores (n,) of same-speaker and (m,) of different-speaker pairs
    source : names the list of pairs

    Raises
    ------
    TrialError
        Pairs of one kind are missing.
    UsageError
        The rule is a prior, and the scores are not calibrated.
    """
    if not len(targets) or not len(nontargets):
        raise TrialError(
            "expected pairs of one speaker and of two to find a threshold,"
            f" got {len(targets)} and {len(nontargets)}"
        )
    value = _value(rule, scale, targets, nontargets)
    miss, false_alarm = metrics.error_rates_at(targets, nontargets, value)
    return Threshold(
        system=scale.system,
        value=value,
        rule=str(rule),
        miss=miss,
        false_alarm=false_alarm,
        targets=len(targets),
        nontargets=len(nontargets),
        source=source,
        encoder=scale.encoder,
        reranker=scale.reranker,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _value(rule: Rule, scale: Scale, targets: Doubles, nontargets: Doubles) -> float:
    if rule.balanced:
        return metrics.balanced_threshold(targets, nontargets)
    if rule.false_alarm is not None:
        return metrics.threshold_at(targets, nontargets, rule.false_alarm)
    if scale.system != "qmf" or rule.prior is None:
        raise UsageError(
            "expected a reranker, whose scores are calibrated, for a threshold from a prior, got"
            " none; run `spkret train-reranker`, or ask for a false-alarm rate"
        )
    return metrics.bayes_threshold(rule.prior)


def doubts(rule: Rule, threshold: Threshold) -> list[str]:
    """Warn where too few errors stand behind a threshold (Doddington's rule of 30)."""
    errors = round(threshold.false_alarm * threshold.nontargets)
    if rule.false_alarm is None or errors >= FEWEST_ERRORS:
        return []
    return [
        f"the threshold rests on {errors} false alarms; with fewer than {FEWEST_ERRORS} its rate"
        " is uncertain by more than a third: use more pairs of two speakers"
    ]


def write_threshold(folder: Path, threshold: Threshold) -> None:
    """Save a threshold into a store's folder, atomically."""
    document = seal({"format": _FORMAT, **asdict(threshold)})
    write_text(folder / FILE_NAME, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def read_threshold(
    folder: Path, encoder: str, reranker: str | None
) -> tuple[Threshold | None, list[str]]:
    """Read the threshold of a store's folder, None if there is none that fits, and warnings."""
    try:
        document = unseal((folder / FILE_NAME).read_text(encoding="utf-8"))
        if document.pop("format") != _FORMAT:
            raise ValueError("another format")
        saved = Threshold(**document)
    except FileNotFoundError:
        return None, []
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None, [f"{folder / FILE_NAME} cannot be read and is ignored; {_AGAIN}"]
    if (saved.encoder, saved.reranker) != (encoder, reranker):
        what = "encoder" if saved.encoder != encoder else "reranker"
        return None, [f"the saved threshold belongs to another {what} and is ignored; {_AGAIN}"]
    return saved, []


_AGAIN = "find it again by `spkret verify --pairs FILE --balanced`"
