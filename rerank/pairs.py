"""Pairs of recordings as groups of one candidate, and who speaks them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import TrialError
from ..retrieval.groups import Groups
from ..retrieval.library import Embed, Gathered, Library
from ..retrieval.normalize import names_of
from .pair_files import Pair
from .trial_groups import first_of

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LaidPairs:
    """Pairs whose recordings are there.

    Parameters
    ----------
    pairs : those that are used
    gathered : their recordings
    groups : of each pair, the left recording as anchor and the right one as candidate
    skipped : how many pairs were left out
    warnings : why, and what is odd in the list, in plain words
    """

    pairs: Sequence[Pair]
    gathered: Gathered
    groups: Groups
    skipped: int
    warnings: Sequence[str]

    @property
    def labelled(self) -> Flags:
        """Which pairs have a known answer: (pairs,)."""
        return np.array([pair.same_speaker is not None for pair in self.pairs])

    @property
    def targets(self) -> Flags:
        """Which pairs are known to have one speaker: (pairs,)."""
        return np.array([pair.same_speaker is True for pair in self.pairs])

    def speakers(self) -> tuple[Rows, Rows]:
        """Number the speakers of the left and of the right recordings: two int64 (pairs,).

        Recordings have one speaker where the store's labels or the list itself say so.
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        names, of_row = np.unique(names_of(self.gathered.voices), return_inverse=True)
        left, right = of_row[self.groups.anchors], of_row[self.groups.candidates]
        same = self.targets
        links = (np.ones(same.sum()), (left[same], right[same]))
        graph = coo_array(links, shape=(len(names), len(names)))
        _, person = connected_components(graph, directed=False)
        return person[left].astype(np.int64), person[right].astype(np.int64)


def lay_out_pairs(pairs: Sequence[Pair], library: Library, embed: Embed | None) -> LaidPairs:
    """Gather the recordings of pairs; pairs that name one that is not there are left out.

    Raises
    ------
    TrialError
        No pair is left.
    AmbiguousRecordingError
        A pair names several recordings at once.
    """
    missing = library.missing([name for pair in pairs for name in (pair.left, pair.right)])
    present = [pair for pair in pairs if missing.isdisjoint((pair.left, pair.right))]
    if not present:
        named = f", such as {first_of(missing)}" if missing else ""
        raise TrialError(
            f"expected pairs of recordings that are there, got {len(pairs)} that each name one"
            f" that is not{named}; index them, or mend the paths"
        )
    gathered = library.gather([name for p in present for name in (p.left, p.right)], embed)
    groups = Groups(gathered.rows[0::2], gathered.rows[1::2], np.arange(len(present) + 1))
    skipped = len(pairs) - len(present)
    warnings = _oddities(present, gathered, groups)
    if skipped:
        lost = f"{skipped} pairs name recordings that are not there: {first_of(missing)}"
        warnings.insert(0, lost)
    return LaidPairs(present, gathered, groups, skipped, warnings)


def same_audio(gathered: Gathered, groups: Groups) -> Flags:
    """Tell which pairs hold the same audio on both sides: (pairs,)."""
    content = gathered.voices.content_hashes
    flags: Flags = content[groups.anchors] == content[groups.candidates]
    return flags


def _oddities(pairs: Sequence[Pair], gathered: Gathered, groups: Groups) -> list[str]:
    """Warn of pairs of the same audio, and of answers that the store's labels contradict."""
    warnings = []
    copies = int(same_audio(gathered, groups).sum())
    if copies:
        warnings.append(f"{copies} pairs hold the same audio twice, and say nothing about voices")
    speakers = gathered.voices.speakers
    sides = zip(speakers[groups.anchors], speakers[groups.candidates], strict=True)
    contradicted = sum(
        pair.same_speaker is not None and None not in (a, b) and pair.same_speaker != (a == b)
        for pair, (a, b) in zip(pairs, sides, strict=True)
    )
    if contradicted:
        warnings.append(f"{contradicted} pairs contradict the speakers that the store knows")
    return warnings
