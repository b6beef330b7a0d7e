"""Files that could not be indexed, by reason."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class FailureExample:
    """One file and what was said of it."""

    path: str
    detail: str


@dataclass(frozen=True, slots=True)
class FailureReason:
    """One reason: how many files failed for it, and the first few of them."""

    reason: str
    files: int
    examples: Sequence[FailureExample]


def failures_by_reason(failures: pa.Table, recordings: pa.Table) -> list[FailureReason]:
    """Sort files by why they failed when they were last tried, the most frequent reason first.

    Parameters
    ----------
    failures : of FAILURES_SCHEMA, the oldest first
    recordings : has `root` and `path`; a file that was stored after all is no failure
    """
    stored = set(zip(*(recordings[name].to_pylist() for name in ("root", "path")), strict=True))
    newest = {(row["root"], row["path"]): row for row in failures.to_pylist()}
    by_reason: defaultdict[str, list[FailureExample]] = defaultdict(list)
    for key, row in sorted(newest.items(), key=lambda item: item[0]):
        if key not in stored:
            example = FailureExample(row["path"], row["detail"] or "")
            by_reason[row["reason"] or "unknown"].append(example)
    reasons = [FailureReason(name, len(all_), all_[:EXAMPLES]) for name, all_ in by_reason.items()]
    return sorted(reasons, key=lambda reason: (-reason.files, reason.reason))
