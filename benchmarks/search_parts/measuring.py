"""Recall, latency, memory and disk."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from .speakers import Ids

Question = TypeVar("Question")

_WARM_UP = 20
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Asked:
    """How well and how fast questions of one kind were answered."""

    recall: float
    p50_ms: float
    p99_ms: float


def ask(
    answer: Callable[[Question], Ids], questions: Sequence[Question], wanted: Iterable[Ids]
) -> Asked:
    """Ask one question after the other, the first of them once before that to warm up."""
    for question in questions[:_WARM_UP]:
        answer(question)
    taken, answers = [], []
    for question in questions:
        started = time.perf_counter()
        answers.append(answer(question))
        taken.append(1e3 * (time.perf_counter() - started))
    p50, p99 = np.percentile(taken, [50, 99])
    return Asked(recall(answers, wanted), round(float(p50), 4), round(float(p99), 4))


def recall(answers: Iterable[Ids], wanted: Iterable[Ids]) -> float:
    """Mean share of the wanted that were answered."""
    pairs = zip(answers, wanted, strict=True)
    shares = [len(np.intersect1d(answer, right)) / len(right) for answer, right in pairs]
    return round(float(np.mean(shares)), 4)


def memory() -> dict[str, int]:
    """Memory of this process in MiB: its peak, and what of it no file backs at the moment."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kib = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith("kB")}
    return {"peak_mib": int(kib["VmHWM"]) // 1024, "unmapped_mib": int(kib["RssAnon"]) // 1024}


def disk_mib(folder: Path) -> int:
    """Size of all files of a folder, as the disk holds them."""
    return sum(512 * file.stat().st_blocks for file in folder.rglob("*")) // _MIB
