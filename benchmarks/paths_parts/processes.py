"""Whole processes, from a cold shell: commands of spkret, and what their imports cost at least."""

import sys
from pathlib import Path

from .timing import Timed, of_commands
from .trials import Drawn

IMPORTS = "import numpy, duckdb, pyarrow.parquet, pyarrow.compute, deltalake"


def measure(store: Path, drawn: Drawn, runs: int) -> dict[str, Timed]:
    """Run each command `runs` times, all in turn; the evaluations, which are long, fewer times."""
    spkret = [sys.executable, "-m", "spkret.cli"]
    at = ["--store", str(store)]
    query = [*spkret, "query", drawn.anchor, "--group", str(drawn.group_file), *at]
    short = {
        "nothing: `python -c pass`": [sys.executable, "-c", "pass"],
        "imports of NumPy, DuckDB, Arrow, Delta": [sys.executable, "-c", IMPORTS],
        "import of LightGBM": [sys.executable, "-c", "import lightgbm"],
        "`spkret --help`": [*spkret, "--help"],
        "`spkret query --no-log`": [*query, "--no-log"],
        "`spkret query`": query,
    }
    long = {
        f"`spkret evaluate`, {drawn.count:,} trials": [*spkret, "evaluate", str(drawn.file), *at]
    }
    return of_commands(short, runs) | of_commands(long, max(3, runs // 3))
