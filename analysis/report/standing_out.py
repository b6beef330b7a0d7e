"""What stands out in a store, in plain words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..findings import AuditReport, Finding, Kind, Severity
from .failures import FailureReason
from .matching import FEWEST_SPEAKERS, RANKED, Matching
from .origins import mismatch

_DUPLICATES = (Kind.SAME_CONTENT, Kind.SAME_AUDIO)
_COUNTED = {
    Kind.SAME_CONTENT: "groups of recordings have the same content, byte for byte",
    Kind.SAME_AUDIO: "groups of recordings are the same audio, encoded again",
    Kind.TWO_LABELS: "pairs of speakers have suspiciously similar voices under two labels",
    Kind.LABEL_OUTLIER: "recordings sound more like another speaker than like their own",
    Kind.SHORTCUT: "columns tell labels apart without any voice",
    Kind.NO_TRIALS: "languages are too small for any trial",
    Kind.OWN_CHANNEL: "speakers have a channel of their own",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that stands out: how much it matters, what it is, and what to do."""

    severity: Severity
    text: str
    advice: str


def remarks(
    audit: AuditReport,
    failures: Sequence[FailureReason],
    matching: Matching | None,
    problems: Sequence[str] = (),
    reranker: str | None = None,
) -> list[Remark]:
    """Say what stands out, the serious first.

    Parameters
    ----------
    problems : what kept parts from being made
    reranker : fingerprint of the one in use
    """
    found = [
        *(Remark(Severity.SERIOUS, problem, "") for problem in problems),
        *_of_another_reranker(matching, reranker),
        *_failed(failures),
        *_audited(audit.findings),
        *_compared(audit),
        *([] if matching is None else _weakest_language(matching)),
    ]
    return sorted(found, key=lambda remark: list(Severity).index(remark.severity))


def duplicates(audit: AuditReport) -> list[Finding]:
    """List the findings of an audit that are about copies."""
    return [finding for finding in audit.findings if finding.kind in _DUPLICATES]


def _of_another_reranker(matching: Matching | None, in_use: str | None) -> Iterator[Remark]:
    text = mismatch(matching, in_use)
    if text:
        yield Remark(Severity.WARNING, text, "run spkret evaluate on held-out trials again")


def _failed(failures: Sequence[FailureReason]) -> Iterator[Remark]:
    files = sum(reason.files for reason in failures)
    if files:
        most = failures[0]
        text = f"{_count(files, 'file')} could not be indexed, most often for: {most.reason}"
        yield Remark(Severity.WARNING, text, "mend them and index again")


def _audited(findings: Sequence[Finding]) -> Iterator[Remark]:
    """Tell findings of one kind and severity in one remark."""
    for severity, kind in dict.fromkeys((each.severity, each.kind) for each in findings):
        alike = [each for each in findings if (each.severity, each.kind) == (severity, kind)]
        first = alike[0]
        if kind in (Kind.MISSING_TAG, Kind.SMALL_CELLS) or len(alike) == 1:
            yield from (Remark(severity, each.summary, each.advice) for each in alike)
        else:
            what = _COUNTED.get(kind, kind.value.replace("_", " "))
            text = f"{len(alike):,} {what}; the first: {first.summary}"
            yield Remark(severity, text, first.advice)


def _compared(audit: AuditReport) -> Iterator[Remark]:
    """Say where the store was too large to compare all voices for a report."""
    if audit.compared < audit.recordings:
        text = (
            f"audio encoded again, voices under two labels and wrong labels were looked for in"
            f" {audit.compared:,} of {audit.recordings:,} recordings, drawn by whole speakers"
        )
        yield Remark(Severity.NOTE, text, "spkret audit compares all, in minutes")


def _weakest_language(matching: Matching) -> Iterator[Remark]:
    system = next(name for name in reversed(RANKED) if name in matching.by_language)
    languages = {
        name: rate
        for name, rate in matching.by_language[system].items()
        if rate.speakers >= FEWEST_SPEAKERS
    }
    if len(languages) > 1:
        name = min(languages, key=lambda language: (languages[language].top1, language))
        lowest, overall = (f"{rate.top1:.0%}" for rate in (languages[name], matching.top1[system]))
        if lowest != overall:
            text = (
                f"{name} is the language with the lowest top-1 by {system}: {lowest},"
                f" against {overall} over all trials"
            )
            yield Remark(Severity.NOTE, text, "see top-1 by language for how sure that is")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
