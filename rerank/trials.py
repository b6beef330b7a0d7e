"""Trials: an anchor, its group, and which of them is the match.

`trial_files` reads and writes them, `trial_maker` draws them from a labelled store.
"""

from .trial_files import Trial, read_group, read_pairs, read_trials, write_trials
from .trial_maker import make_trials, small_cells

__all__ = [
    "Trial",
    "make_trials",
    "read_group",
    "read_pairs",
    "read_trials",
    "small_cells",
    "write_trials",
]
