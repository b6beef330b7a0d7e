"""Time and memory of indexing many files, and of indexing them again when nothing has changed.

The files are clips of about a second, no two alike, cut from real speech and spread over 300
speakers' folders, with a manifest that gives their tags. For every number of files, a store is made
by `spkret index` as a user would run it (`first`), and the command is run again (`again`). Twice a
second its memory is looked at; what counts is the anonymous part, which no file backs.

    python benchmarks/memory.py --files 2000 4000 --out memory.json
    python benchmarks/memory.py --files 30000 60000 --speech SPEECH --work bench --out memory.json
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from memory_parts import clips
from memory_parts.clips import Clips
from memory_parts.watching import size_mib, watch

from spkret.store.store import Store

QUARTERS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Pass:
    """One run of `spkret index`.

    Attributes
    ----------
    files : listed
    run : `first` or `again`
    indexed, unchanged, failed : files, as the command counts them
    wall_s, cpu_s : of the whole process
    files_a_second : of all files, by wall
    peak_mib : the most resident memory
    anonymous_peak_mib : the most anonymous memory, seen twice a second
    anonymous_mib, rss_mib : at 25, 50, 75 and 100 % of the rows, or of the time of a second run
    store_mib, parquet_files : what lies in the store afterwards
    load : the machine's load average over the minute before the end
    """

    files: int
    run: str
    indexed: int
    unchanged: int
    failed: int
    wall_s: float
    cpu_s: float
    files_a_second: float
    peak_mib: float
    anonymous_peak_mib: float
    anonymous_mib: Sequence[float]
    rss_mib: Sequence[float]
    store_mib: float
    parquet_files: int
    load: float


def main() -> None:
    """Index every number of files twice, print a table and write JSON after each run."""
    options = _options()
    passes: list[Pass] = []
    with TemporaryDirectory(dir=options.work, prefix="memory-") as work:
        folder = Path(work)
        made = clips.make(options.speech, folder / "audio", max(options.files), options.seconds)
        for files in sorted(options.files):
            store = folder / "store"
            manifest = made.manifest(files, folder / "manifest.csv")
            for run in ("first", "again"):
                passes.append(measured(made, files, run, manifest, store, options.model))
                print(f"{passes[-1]}", file=sys.stderr, flush=True)
                if options.out:
                    options.out.write_text(json.dumps(report(passes, options.seconds), indent=2))
            shutil.rmtree(store)
    print(table(passes))
    for grown in report(passes, options.seconds)["growth"]:
        print(in_words(grown))


def _options() -> argparse.Namespace:
    beside = Path(__file__).parents[1].parent / "shared" / "speech"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[30_000, 60_000])
    parser.add_argument("--seconds", type=float, default=1.0, help="of each file")
    parser.add_argument("--model", default="compact", help="as spkret index takes it")
    parser.add_argument("--speech", type=Path, default=beside, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, help="where folders are made, and removed again")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
    return options


def measured(made: Clips, files: int, run: str, manifest: Path, store: Path, model: str) -> Pass:
    """Index the files, and say what that took."""
    command: list[str | Path] = [sys.executable, "-m", "spkret.cli", "index", made.folder, "--json"]
    command += ["--manifest", manifest, "--model", model, "--store", store]
    watched = watch(command, store)
    counts: Mapping[str, Any] = json.loads(watched.out)
    looks = (
        [watched.by_rows(share, Store.open(store).recordings.delta.count()) for share in QUARTERS]
        if run == "first"
        else [watched.by_time(share) for share in QUARTERS]
    )
    return Pass(
        files=files,
        run=run,
        indexed=counts["indexed"],
        unchanged=counts["unchanged"],
        failed=sum(counts["failed"].values()),
        wall_s=round(watched.wall_s, 1),
        cpu_s=round(watched.cpu_s, 1),
        files_a_second=round(files / watched.wall_s, 1),
        peak_mib=round(watched.peak_mib, 1),
        anonymous_peak_mib=round(watched.anonymous_peak_mib, 1),
        anonymous_mib=[round(look.anonymous_mib, 1) for look in looks],
        rss_mib=[round(look.rss_mib, 1) for look in looks],
        store_mib=round(size_mib(store), 1),
        parquet_files=sum(1 for _ in store.rglob("*.parquet")),
        load=round(os.getloadavg()[0], 1),
    )


def growth(passes: Sequence[Pass]) -> list[dict[str, Any]]:
    """Compare the least with the most files, run by run: what each file more costs."""
    grown = []
    for run in ("first", "again"):
        least, *_, most = sorted((p for p in passes if p.run == run), key=lambda p: p.files)
        more = most.files - least.files
        seconds = most.wall_s / least.wall_s / (most.files / least.files)
        peak = most.anonymous_peak_mib - least.anonymous_peak_mib
        end = most.anonymous_mib[-1] - least.anonymous_mib[-1]
        grown.append(
            {
                "run": run,
                "files": [least.files, most.files],
                "peak_mib": round(peak, 1),
                "peak_bytes_a_file": round(peak * 2**20 / more),
                "end_mib": round(end, 1),
                "end_bytes_a_file": round(end * 2**20 / more),
                "seconds_a_file_ratio": round(seconds, 2),
            }
        )
    return grown


def in_words(grown: Mapping[str, Any]) -> str:
    """Say what a file more costs."""
    least, most = grown["files"]
    return (
        f"{grown['run']}, {least:,} to {most:,} files: anonymous memory {grown['end_mib']:+.1f} MiB"
        f" at the end ({grown['end_bytes_a_file']:,} bytes a file), {grown['peak_mib']:+.1f} MiB at"
        f" its peak ({grown['peak_bytes_a_file']:,} bytes a file); time a file"
        f" {grown['seconds_a_file_ratio']} times"
    )


def report(passes: Sequence[Pass], seconds: float) -> dict[str, Any]:
    """Sum up the runs so far."""
    sizes = {one.files for one in passes}
    complete = len(sizes) > 1 and len(passes) == 2 * len(sizes)
    return {
        "cores": os.cpu_count(),
        "clip_seconds": seconds,
        "passes": [asdict(one) for one in passes],
        "growth": growth(passes) if complete else [],
    }


def table(passes: Sequence[Pass]) -> str:
    """Draw the runs as a table in Markdown."""
    head = (
        "| files | run | wall s | files/s | CPU s | peak MiB | anonymous at 25, 50, 75, 100 % |"
        " its peak | inside a run | store MiB | Parquet files | failed | load |\n|"
    )
    return "\n".join([head + " --- |" * 13, *map(_line, passes)])


def _line(one: Pass) -> str:
    quarters = " ".join(f"{mib:.0f}" for mib in one.anonymous_mib)
    inside = one.anonymous_mib[-1] - one.anonymous_mib[0]
    return (
        f"| {one.files:,} | {one.run} | {one.wall_s:.0f} | {one.files_a_second:.0f}"
        f" | {one.cpu_s:.0f} | {one.peak_mib:.0f} | {quarters} | {one.anonymous_peak_mib:.0f}"
        f" | {inside:+.0f} | {one.store_mib:.0f} | {one.parquet_files} | {one.failed}"
        f" | {one.load} |"
    )


if __name__ == "__main__":
    main()
