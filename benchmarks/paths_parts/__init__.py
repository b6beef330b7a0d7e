"""The parts of `benchmarks/paths.py`."""
