"""Searching a store of several partitions: in one process, and on Ray workers of this machine.

The partitions hold synthetic speakers (see search_parts/speakers.py). Both ways answer the same
questions, one after the other, with one thread a process; their answers are compared.

    python benchmarks/partitions.py --work bench --out partitions.json
    python benchmarks/partitions.py --partitions 4 --rows 20000 --workers 2 --queries 50
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import faiss
import numpy as np
from search_parts.measuring import disk_mib
from search_parts.speakers import Floats, Speakers

from spkret.cluster.searching import ClusterSearcher, searching
from spkret.cluster.session import joined
from spkret.store.hits import Hits
from spkret.store.schema import (
    Acoustics,
    Embedded,
    EncoderIdentity,
    FileStamp,
    Noise,
    Recording,
    Tag,
)
from spkret.store.store import Store

K = 55
ROWS_A_COMMIT = 10_000
LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
SAME = 1e-6

_MICROSECONDS = 1e6


def main() -> None:
    """Build the store, ask here and on workers, print a table and write JSON."""
    options = _options()
    faiss.omp_set_num_threads(1)
    with TemporaryDirectory(dir=options.work, prefix="partitions-") as work:
        result = measure(Path(work, "store"), options)
    print(table(result))
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n")


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure building, searching here, and searching on workers."""
    result: dict[str, Any] = {"cores": os.cpu_count(), "k": K, **_sizes(options)}
    store = Store.create(folder, EncoderIdentity("synthetic", "synthetic", options.dimension))
    result |= _build(store, options)
    queries = Speakers(options.rows, options.dimension, options.seed).queries(options.queries)
    cold, here, wanted = _ask(Store.open(folder).vectors.search, queries)
    result["here"] = {"first_s": cold, **_times(here)}
    with (
        joined("local", cpus=options.workers, object_store_bytes=100 << 20) as ray,
        searching(store, "local", workers=options.workers) as searched,
    ):
        result["round_trip_us"] = _round_trip(ray, searched)
        cold, there, found = _ask(searched.searcher.search, queries)
        result["workers"] = {"first_s": cold, **_times(there)}
        result["version_check_ms"] = _version_check(store)
    result["same_answers"] = same(wanted, found)
    result["load"] = round(os.getloadavg()[0], 1)
    return result


def same(wanted: Sequence[Hits], found: Sequence[Hits]) -> bool:
    """Tell whether two lists of answers hold the same ids and cosines."""
    return all(
        np.array_equal(one.ids, other.ids) and np.allclose(one.cosines, other.cosines, atol=SAME)
        for one, other in zip(wanted, found, strict=True)
    )


def table(result: dict[str, Any]) -> str:
    """Lay out as Markdown."""
    rows, parts = result["rows_a_partition"], result["partitions"]
    lines = [
        f"{parts} partitions of {rows:,} x {result['dimension']}, {K} nearest,"
        f" {result['cores']} cores, load {result['load']}; same answers: {result['same_answers']}",
        "",
        "| searched | first, s | p50, ms | p99, ms |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, label in (("here", "in one process"), ("workers", f"{result['workers_n']} workers")):
        took = result[name]
        lines.append(f"| {label} | {took['first_s']} | {took['p50_ms']} | {took['p99_ms']} |")
    lines += [
        "",
        f"one call to a worker and back: {result['round_trip_us']} µs; looking for a newer version"
        f" of the table: {result['version_check_ms']} ms; {result['parquet_bytes_a_row']} bytes a"
        f" row in Parquet, {result['commits_a_second']} commits of {ROWS_A_COMMIT:,} rows a second,"
        f" indexes built in {result['index_s']} s",
    ]
    return "\n".join(lines)


def _build(store: Store, options: argparse.Namespace) -> dict[str, Any]:
    started, commits = time.perf_counter(), 0
    for batch in _batches(options):
        store.recordings.commit(batch)
        commits += 1
    committed = time.perf_counter() - started
    store.vectors.refresh()
    files = store.recordings.delta.snapshot().files
    return {
        "commit_s": round(committed, 1),
        "commits_a_second": round(commits / committed, 2),
        "index_s": round(time.perf_counter() - started - committed, 1),
        "parquet_files": len(files),
        "parquet_bytes_a_row": round(sum(f.size_bytes for f in files) / _rows(options)),
        "disk_mib": disk_mib(store.path),
    }


def _batches(options: argparse.Namespace) -> Iterator[list[Embedded]]:
    for number in range(options.partitions):
        cell = LANGUAGES[number % len(LANGUAGES)], list(Noise)[number // len(LANGUAGES) % 4]
        speakers = Speakers(options.rows, options.dimension, options.seed)
        for start in range(0, options.rows, ROWS_A_COMMIT):
            count = min(ROWS_A_COMMIT, options.rows - start)
            vectors, voices = speakers.draw(count, 2, number, start)
            yield [
                _embedded(f"{number}/{start + row}.wav", f"s{voice}", *cell, vector)
                for row, (voice, vector) in enumerate(zip(voices.tolist(), vectors, strict=True))
            ]


def _embedded(path: str, speaker: str, language: str, noise: Noise, vector: Floats) -> Embedded:
    bands = np.resize(vector, 80).astype(np.float32)
    return Embedded(
        Recording("/audio", path, Tag(speaker), Tag(language), Tag(noise)),
        FileStamp(1_000, WHEN, path),
        Acoustics(3.0, 2.5, 16_000, 20.0, 7_000.0, 120.0, bands[:40], bands[40:]),
        vector / np.linalg.norm(vector),
        10.0,
    )


def _ask(
    search: Callable[[Floats, int], Hits], queries: Floats
) -> tuple[float, list[float], list[Hits]]:
    """Ask once to load the indexes, then everything: the first time in s, all times, answers."""
    started = time.perf_counter()
    search(queries[0], K)
    first = round(time.perf_counter() - started, 2)
    taken, answers = [], []
    for query in queries:
        started = time.perf_counter()
        answers.append(search(query, K))
        taken.append(time.perf_counter() - started)
    return first, taken, answers


def _times(seconds: Sequence[float]) -> dict[str, float]:
    p50, p99 = 1e3 * np.percentile(seconds, [50, 99])
    return {"p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2)}


def _round_trip(ray: Any, store: Store) -> float:
    """The median time of the smallest call to one worker, in microseconds."""
    assert isinstance(store.searcher, ClusterSearcher)  # noqa: S101 - for the types
    worker, taken = store.searcher.workers.handles[0], []
    for _ in range(500):
        started = time.perf_counter()
        ray.get(worker.held.remote())
        taken.append(time.perf_counter() - started)
    return round(float(np.median(taken)) * _MICROSECONDS)


def _version_check(store: Store) -> float:
    handle, taken = store.recordings.delta.handle(), []
    for _ in range(200):
        started = time.perf_counter()
        handle.update_incremental()
        taken.append(time.perf_counter() - started)
    return _times(taken)["p50_ms"]


def _sizes(options: argparse.Namespace) -> dict[str, int]:
    return {
        "partitions": options.partitions,
        "rows_a_partition": options.rows,
        "dimension": options.dimension,
        "workers_n": options.workers,
        "queries": options.queries,
        "seed": options.seed,
    }


def _rows(options: argparse.Namespace) -> int:
    return int(options.partitions * options.rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--rows", type=int, default=50_000, help="of each partition")
    parser.add_argument("--dimension", type=int, default=192)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--work", type=Path, help="where the store is made, and removed again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    main()
