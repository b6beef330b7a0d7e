"""One system in a process of its own, so that its memory is its own: `build` it, or `ask` it.

Run by `search.py`, with whichever Python has the system's library.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from search_parts import systems
from search_parts.measuring import Asked, ask, disk_mib, memory, recall
from search_parts.systems.base import System
from search_parts.task import K, Task

WANTED_RECALL = 0.99
NOT_INSTALLED = 3

_TUNED_ON = 50


def main() -> None:
    """Do what is asked, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["build", "ask"])
    parser.add_argument("system", choices=systems.SYSTEMS)
    parser.add_argument("task", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--groups", type=int, nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    system = systems.make(options.system)
    if system is None:
        raise SystemExit(NOT_INSTALLED)
    task = Task(options.task)
    if options.action == "build":
        print(json.dumps(build(system, task, options.folder)))
    else:
        system.open(task, options.folder, options.threads)
        print(json.dumps(asked(system, task, options.groups)))


def build(system: System, task: Task, folder: Path) -> dict[str, Any]:
    """Build a system in an empty folder."""
    folder.mkdir(parents=True)
    started = time.perf_counter()
    system.build(task, folder)
    seconds = round(time.perf_counter() - started, 1)
    return {"seconds": seconds, "disk_mib": disk_mib(folder), **memory()}


def asked(system: System, task: Task, groups: Sequence[int]) -> dict[str, Any]:
    """Measure a whole partition at the least effort that is enough, then groups."""
    effort = _tuned(system, task)
    whole = ask(lambda query: system.nearest(query, K), list(task.queries), task.wanted())
    measured = {"all": asdict(whole)}
    for size in groups:
        measured[str(size)] = asdict(_group(system, task, size))
    load = round(os.getloadavg()[0], 1)
    return {"effort": effort, "asked": measured, "load": load, **memory()}


def _group(system: System, task: Task, size: int) -> Asked:
    candidates = task.groups(size)
    questions = list(zip(task.queries, candidates, strict=True))
    return ask(lambda pair: system.among(*pair, K), questions, task.wanted_among(candidates))


def _tuned(system: System, task: Task) -> int | None:
    """Raise the effort until the recall is as wanted, on some of the queries."""
    effort = None
    for effort in system.efforts:
        system.set_effort(effort)
        found = [system.nearest(query, K) for query in task.queries[:_TUNED_ON]]
        if recall(found, task.wanted()[:_TUNED_ON]) >= WANTED_RECALL:
            break
    return effort


if __name__ == "__main__":
    main()
