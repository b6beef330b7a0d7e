"""Read hostile files one after the other in a process of bounded memory and time.

Run as `python hostile_child.py KIND FOLDER KIND FOLDER…`: a line of JSON for each file.
"""

import faulthandler
import json
import resource
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

TIMEOUT_S = 90.0
MOST_ADDRESSES = 6 << 30
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Case:
    """What became of one file: how it ended, its CPU time, the memory beyond what was held."""

    kind: str
    name: str
    ended: str
    seconds: float
    mebibytes: float
    bug: str = ""


def read_all(kind: str, folder: Path) -> list[Case]:
    """Read every file of a folder in a child; a crash or a hang is an assertion that names it."""
    return read_each({kind: folder})[kind]


def read_each(folders: Mapping[str, Path]) -> dict[str, list[Case]]:
    """Read the folders of several kinds in one child."""
    asked = [str(part) for pair in folders.items() for part in pair]
    command = [sys.executable, __file__, *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    cases = [Case(**json.loads(line)) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"after {len(cases)} cases: {done.stderr[-3_000:]}"
    return {kind: [case for case in cases if case.kind == kind] for kind in folders}


def check(cases: Sequence[Case], most_s: float, most_mebibytes: float) -> None:
    """Require of all cases: no bug, no hang, memory within a bound."""
    bugs = [f"{case.name}: {case.bug}" for case in cases if case.bug]
    assert not bugs, "\n".join(bugs[:5])
    slowest = max(cases, key=lambda case: case.seconds)
    assert slowest.seconds < most_s, slowest
    largest = max(cases, key=lambda case: case.mebibytes)
    assert largest.mebibytes < most_mebibytes, largest


def _readers() -> dict[str, Callable[[Path], Any]]:
    from spkret.indexer.decode import decode
    from spkret.indexer.encoders.registry import load
    from spkret.indexer.manifests.finding import read_manifest
    from spkret.interchange.embeddings.registry import read_embeddings
    from spkret.rerank.enrolment_files import read_anchors, read_enrolment
    from spkret.rerank.pair_files import read_pairs
    from spkret.rerank.ranker import Reranker
    from spkret.rerank.trial_files import read_group, read_trials
    from spkret.store.store import Store

    def listed(path: Path) -> int:
        return sum(1 for _ in read_manifest(path))

    return {
        "audio": lambda path: sum(1 for _ in decode(path, lambda _: True)),
        "manifest": listed,
        "trials": read_trials,
        "group": read_group,
        "pairs": read_pairs,
        "enrolment": read_enrolment,
        "anchors": read_anchors,
        "embeddings": read_embeddings,
        "reranker": Reranker.load,
        "encoder": lambda path: load(str(path), "cpu"),
        "store": lambda path: Store.open(path).info(),
    }


def _case(kind: str, name: str, read: Callable[[], Any]) -> Case:
    from spkret.errors import AudioError, SpkretError

    Path("/proc/self/clear_refs").write_text("5")
    held, started, bug = _memory("VmRSS"), time.process_time(), ""
    faulthandler.dump_traceback_later(TIMEOUT_S, exit=True)
    try:
        read()
        ended = "read"
    except AudioError as error:
        ended = str(error.reason)
    except SpkretError as error:
        ended = type(error).__name__
        bug = "" if "\n" not in str(error) else f"several lines: {error}"
    except Exception as error:
        ended, bug = type(error).__name__, traceback.format_exc()[-1_500:]
    faulthandler.cancel_dump_traceback_later()
    took = time.process_time() - started
    return Case(kind, name, ended, took, _memory("VmHWM") - held, bug)


def _memory(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def _main(folders: Mapping[str, Path]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    warnings.simplefilter("error")
    readers = _readers()
    for kind, folder in folders.items():
        for path in sorted(folder.iterdir()):
            case = _case(kind, path.name, partial(readers[kind], path))
            print(json.dumps({name: getattr(case, name) for name in Case.__slots__}), flush=True)


if __name__ == "__main__":
    _main(dict(zip(sys.argv[1::2], map(Path, sys.argv[2::2]), strict=True)))
