"""How fast `spkret serve` answers: queries, many clients at once, uploads with and without batches.

Servers run in processes of their own, clients are threads that each keep a connection open. Rounds
with and without batching alternate, so that a busy moment touches both; figures are medians.

    python benchmarks/serve.py STORE --out serve.json
"""

import argparse
import io
import itertools
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from spkret.indexer.audio import RATE_HZ, load
from spkret.store.store import Store

ANCHOR_S = 3.0
CLIENTS = (1, 4, 16)


def main() -> None:
    """Measure, print and write what came out."""
    options = _options()
    store = Store.open(options.store)
    with served(options.store, 64) as url, served(options.store, 1) as one_by_one:
        results = {
            "store": {"recordings": store.recordings.scan(["id"]).num_rows},
            "query": queries(url, options),
            "uploads": uploads(url, one_by_one, options),
        }
    print_table(results)
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")


@contextmanager
def served(path: Path, batch_size: int) -> Iterator[str]:
    """Serve a store in a process of its own; yields the address."""
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=_serve, args=(path, batch_size, ready), daemon=True)
    process.start()
    try:
        yield ready.get(timeout=120)
    finally:
        process.terminate()
        process.join()


def _serve(path: Path, batch_size: int, ready: Any) -> None:
    from spkret.web.running import serve
    from spkret.web.settings import Settings

    settings = Settings(port=0, batch_size=batch_size, most_uploads=2_000)
    serve(Store.open(path), settings, ready.put)


def queries(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Time `/query` with a stored anchor and a group, then with many clients at once."""
    ids = [row["id"] for row in httpx.get(f"{url}recordings?limit=1000").json()["recordings"]]
    groups = [
        {"anchor": some[0], "group": some[1:].tolist(), "top": 20, "explain": False}
        for some in (
            np.random.default_rng(seed).choice(ids, options.group + 1, replace=False)
            for seed in range(50)
        )
    ]

    def ask(client: httpx.Client, number: int) -> None:
        client.post("query", json=groups[number % len(groups)]).raise_for_status()

    run(url, ask, 1, 20)
    return {
        str(clients): run(url, ask, clients, options.queries) | {"clients": clients}
        for clients in CLIENTS
    }


def uploads(url: str, one_by_one: str, options: argparse.Namespace) -> dict[str, Any]:
    """Time uploads of 3 s with 16 clients, embedded together and one by one, in turns."""
    anchors = _anchors(options.store, options.uploads)

    def send(client: httpx.Client, number: int) -> None:
        files = {"file": ("anchor.wav", anchors[number % len(anchors)])}
        client.post("uploads", files=files).raise_for_status()

    servers = {"together": url, "one by one": one_by_one}
    rates: dict[str, list[float]] = {name: [] for name in servers}
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(options.rounds + 1):
        for name, address in servers.items():
            before = metric(address, "process_cpu_seconds_total")
            rates[name].append(run(address, send, 16, len(anchors))["per_s"])
            cpu = metric(address, "process_cpu_seconds_total") - before
            costs[name].append(1000 * cpu / len(anchors))
    size = "spkret_embedding_batch_size"
    return {
        "clients": 16,
        "per_s": {name: statistics.median(rate[1:]) for name, rate in rates.items()},
        "cpu_ms": {name: statistics.median(cost[1:]) for name, cost in costs.items()},
        "ratio": _ratio(rates["together"], rates["one by one"]),
        "cpu_ratio": _ratio(costs["one by one"], costs["together"]),
        "batch": metric(url, f"{size}_sum") / metric(url, f"{size}_count"),
    }


def _ratio(upper: list[float], lower: list[float]) -> float:
    """Return the median ratio over rounds, less the first, which warms up."""
    return statistics.median([a / b for a, b in zip(upper, lower, strict=True)][1:])


def run(
    url: str, ask: Callable[[httpx.Client, int], None], clients: int, requests: int
) -> dict[str, float]:
    """Send requests from so many clients; return the rate and the quantiles of their times."""
    numbers = itertools.count()
    taken: list[float] = []

    def work() -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while (number := next(numbers)) < requests:
                started = time.perf_counter()
                ask(client, number)
                taken.append(time.perf_counter() - started)

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for future in [pool.submit(work) for _ in range(clients)]:
            future.result()
    p50, p99 = np.quantile(taken, (0.5, 0.99))
    wall = time.perf_counter() - started
    return {"per_s": requests / wall, "p50_ms": 1000 * p50, "p99_ms": 1000 * p99}


def _anchors(path: Path, count: int) -> list[bytes]:
    """Cut 3 s from so many recordings, as WAV files."""
    import soundfile

    rows = Store.open(path).recordings.scan(["root", "path"], where=f"duration_s > {ANCHOR_S}")
    chosen = np.random.default_rng(0).permutation(rows.num_rows)[:count]
    files = []
    for row in rows.take(chosen).to_pylist():
        waveform = load(Path(row["root"], row["path"])).waveform[: round(ANCHOR_S * RATE_HZ)]
        buffer = io.BytesIO()
        soundfile.write(buffer, waveform, RATE_HZ, format="WAV", subtype="PCM_16")
        files.append(buffer.getvalue())
    return files


def metric(url: str, name: str) -> float:
    """Read a number from a server's metrics."""
    lines = httpx.get(f"{url}metrics").text.splitlines()
    return float(dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))[name])


def print_table(results: dict[str, Any]) -> None:
    """Print what came out."""
    print(f"{'/query, clients':<26}{'per s':>9}{'p50 ms':>9}{'p99 ms':>9}")
    for one in results["query"].values():
        print(f"{one['clients']:<26}{one['per_s']:>9.1f}{one['p50_ms']:>9.1f}{one['p99_ms']:>9.1f}")
    up = results["uploads"]
    print(f"{'uploads, 16 clients':<26}{'per s':>9}{'CPU ms':>9}")
    for name, rate in up["per_s"].items():
        print(f"{name:<26}{rate:>9.1f}{up['cpu_ms'][name]:>9.1f}")
    print(f"{'ratio':<26}{up['ratio']:>9.2f}{up['cpu_ratio']:>9.2f}")
    print(f"{'uploads in a batch':<26}{up['batch']:>9.1f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, help="a store whose audio is there; scores are added")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--group", type=int, default=50)
    parser.add_argument("--uploads", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
