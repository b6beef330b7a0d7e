"""The parts of the benchmark of quality, one job each; `benchmarks/quality.py` runs them."""
