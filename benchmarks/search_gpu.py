"""Searching a whole partition: FAISS on a GPU against FAISS on the CPU, exact, the same vectors.

python benchmarks/search_gpu.py --vectors 1000000 --queries 256
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Search on both, check that they agree, print and write what came out."""
    options = _options()
    import faiss

    if faiss.get_num_gpus() == 0:
        raise SystemExit("expected a CUDA GPU that faiss-gpu can use, found none")
    rng = np.random.default_rng(0)
    vectors = _unit(rng.standard_normal((options.vectors, options.dimension), np.float32))
    queries = _unit(
        vectors[: options.queries]
        + 0.1 * rng.standard_normal((options.queries, options.dimension), np.float32)
    )
    on_cpu = faiss.IndexFlatIP(options.dimension)
    on_cpu.add(vectors)
    resources = faiss.StandardGpuResources()
    on_gpu = faiss.index_cpu_to_gpu(resources, 0, on_cpu)
    cpu, gpu = (_timed(index, queries, options) for index in (on_cpu, on_gpu))
    results = {
        "vectors": options.vectors,
        "queries": options.queries,
        "cpu_s": cpu["seconds"],
        "gpu_s": gpu["seconds"],
        "speed_up": cpu["seconds"] / gpu["seconds"],
        "same_neighbours": float(np.mean(cpu["ids"] == gpu["ids"])),
        "largest_difference": float(np.abs(cpu["scores"] - gpu["scores"]).max()),
    }
    print("\n".join(f"{name:<20} {value:.6g}" for name, value in results.items()))
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=256)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--neighbours", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _timed(index: Any, queries: np.ndarray, options: argparse.Namespace) -> dict[str, Any]:
    """The median seconds of a search, after one that is not counted, and what it found."""
    scores, ids = index.search(queries, options.neighbours)
    taken = []
    for _ in range(options.rounds):
        started = time.perf_counter()
        index.search(queries, options.neighbours)
        taken.append(time.perf_counter() - started)
    return {"seconds": statistics.median(taken), "scores": scores, "ids": ids}


if __name__ == "__main__":
    main()
