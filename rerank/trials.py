"""Trials: an anchor, its group, and which of them is the match.

`trial_files` reads and writes them, `pair_files` reads lists of pairs, `trial_maker` draws trials
from a labelled store.
"""

from .pair_files import Pair, read_pairs
from .trial_files import Trial, read_group, read_trials, write_trials
from .trial_maker import make_trials, small_cells

__all__ = [
    "Pair",
    "Trial",
    "make_trials",
    "read_group",
    "read_pairs",
    "read_trials",
    "small_cells",
    "write_trials",
]
