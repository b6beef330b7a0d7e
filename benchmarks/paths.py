"""Cold and warm paths: whole commands, queries in process, and gathering out of large stores.

The store is copied first, since queries write their scores. Labelled stores of other sizes are
made of synthetic speakers (see search_parts/speakers.py) and kept in the work folder.

    python benchmarks/paths.py --store spkret-store --work bench --out paths.json
    python benchmarks/paths.py --rows 50000 1000000 --work bench
"""

import argparse
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from paths_parts import gathering, processes, stores, trials, warm
from paths_parts.table import table
from paths_parts.timing import Timed

DIMENSION = 192


def main() -> None:
    """Measure what is asked for, print tables and write JSON."""
    options = _options()
    results: dict[str, Any] = {"cores": os.cpu_count(), "load": [os.getloadavg()[0]]}
    if options.store:
        with TemporaryDirectory(dir=options.work, prefix="paths-") as work:
            store = Path(shutil.copytree(options.store, Path(work, "store")))
            drawn = trials.draw(store, Path(work), options.trials, options.group)
            _note(results, "whole process", processes.measure(store, drawn, options.runs))
            _note(results, "in process", warm.measure(store, drawn, 20 * options.runs))
    for rows in options.rows:
        large = stores.synthetic(options.work / f"synthetic-{rows}", rows, DIMENSION)
        _note(results, f"{rows:,} rows", gathering.measure(large, 3 * options.runs))
    results["load"].append(os.getloadavg()[0])
    print(f"{results['cores']} cores, load {results['load'][0]:.1f} to {results['load'][1]:.1f}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")


def _note(results: dict[str, Any], title: str, timed: Mapping[str, Timed]) -> None:
    results[title] = {name: asdict(each) for name, each in timed.items()}
    print(table(title, timed), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, help="a labelled store, with a reranker that fits")
    parser.add_argument("--trials", type=int, default=1_000)
    parser.add_argument("--group", type=int, default=50, help="candidates of a trial")
    parser.add_argument("--rows", type=int, nargs="*", default=[], help="of synthetic stores")
    parser.add_argument("--runs", type=int, default=10, help="of each command; more of calls")
    parser.add_argument("--work", type=Path, required=True, help="where stores are made")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    main()
