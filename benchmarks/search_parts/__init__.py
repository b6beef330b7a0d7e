"""The parts of `benchmarks/search.py`; all but `systems/spkret_index.py` need NumPy alone."""
