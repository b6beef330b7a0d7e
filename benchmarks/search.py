"""Searching vectors: spkret beside libraries and databases, on the same speakers and questions.

Synthetic speakers spread as real ones do (see search_parts/speakers.py). Each system is built in
one process and asked, cold from disk, in another. All are brought to a recall of 0.99 by the least
effort of their own that reaches it; searches use one thread. A peer whose library is missing is
passed over; `--peers-python` names the Python that has them (pip install -r search_peers.txt).

    python benchmarks/search.py --rows 50000 1000000 --work bench --out search.json
    python benchmarks/search.py --rows 10000000 --systems spkret numpy
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from search_parts import systems
from search_parts.speakers import Speakers
from search_parts.table import tables
from search_parts.task import Task
from search_parts.worker import NOT_INSTALLED

BUILT_BY_ALL = 1_000_000
GROUPS = [20, 50, 200, 2_000]
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LANCE_CPU_THREADS", "RAYON_NUM_THREADS")

_DISK_FACTOR = 3


def main() -> None:
    """Measure every system on every number of rows, print tables and write JSON."""
    options = _options()
    results: dict[str, Any] = {"cores": os.cpu_count(), "seed": options.seed, "rows": {}}
    with TemporaryDirectory(dir=options.work, prefix="search-") as work:
        for rows in options.rows:
            folder = Path(work, str(rows))
            _check_disk(rows, options.dimension, folder.parent)
            speakers = Speakers(rows, options.dimension, options.seed)
            task = Task.make(folder / "task", speakers, options.queries, options.groups)
            measured: dict[str, Any] = {}
            results["rows"][str(rows)] = measured
            for name in options.systems or _by_default(rows):
                measured |= _measure(name, task, folder / name, options)
                if options.out:
                    options.out.write_text(json.dumps(results, indent=2) + "\n")
            print(tables(rows, measured, options.groups), flush=True)
            shutil.rmtree(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=192)
    parser.add_argument("--queries", type=int, default=250)
    parser.add_argument("--groups", type=int, nargs="*", default=GROUPS, help="their sizes")
    parser.add_argument("--systems", nargs="+", choices=systems.SYSTEMS)
    parser.add_argument("--peers-python", default=sys.executable, help="that has the peers")
    parser.add_argument("--threads", type=int, default=1, help="while asked")
    parser.add_argument("--work", type=Path, help="where folders are made, and removed again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
    return options


def _by_default(rows: int) -> list[str]:
    """All systems, or those that hold more than a million on a small machine."""
    return list(systems.SYSTEMS) if rows <= BUILT_BY_ALL else ["spkret", "numpy", "faiss-ivf-sq8"]


def _check_disk(rows: int, dimension: int, folder: Path) -> None:
    needed = _DISK_FACTOR * 4 * rows * dimension
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"expected {needed / 2**30:.1f} GiB free in {folder} for {rows:,} rows,"
            f" got {free / 2**30:.1f}; give --work on a larger disk"
        )


def _measure(name: str, task: Task, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Build and ask a system; nothing where its library is not installed, or fails."""
    sizes = ["--groups", *map(str, options.groups), "--threads", str(options.threads)]
    built = _run("build", name, task, folder, options)
    if built is None:
        return {}
    answered = _run("ask", name, task, folder, options, *sizes)
    shutil.rmtree(folder)
    if answered is None:
        return {}
    print(f"{name}: {built} {answered}", file=sys.stderr, flush=True)
    return {name: {"build": built, "ask": answered}}


def _run(
    action: str,
    name: str,
    task: Task,
    folder: Path,
    options: argparse.Namespace,
    *more: str,
) -> dict[str, Any] | None:
    """Run the worker; None where the library is not installed, or fails."""
    python = sys.executable if name in systems.OURS else options.peers_python
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    if action == "ask":
        environment |= dict.fromkeys(ONE_THREAD, str(options.threads))
    done = subprocess.run(
        [python, "-m", "search_parts.worker", action, name, task.folder, folder, *more],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode == NOT_INSTALLED:
        print(f"{name}: not installed, passed over", file=sys.stderr)
        return None
    if done.returncode:
        print(f"{name}: failed to {action}, passed over", file=sys.stderr)
        return None
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    main()
