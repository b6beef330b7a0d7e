"""Lists of pairs as files: VoxCeleb's and Kaldi's forms, or blind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import TrialError
from .trial_files import lines_of

_KALDI = {"target": True, "nontarget": False}
_VOXCELEB = {"1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Pair:
    """References to two recordings, and whether one speaker speaks both; None where unknown."""

    same_speaker: bool | None
    left: str
    right: str


def read_pairs(path: Path) -> list[Pair]:
    """Read a list of pairs, one a line, its fields between blanks or, where it has them, tabs.

    `1 a.wav b.wav` and `0 a.wav b.wav` (VoxCeleb), `a b target` and `a b nontarget` (Kaldi, NIST),
    or `a b` where the answer is not known.

    Raises
    ------
    TrialError
        The file cannot be read or is empty, or a line is no pair; the message has its number.
    """
    pairs = []
    for number, line in lines_of(path):
        fields = line.split("\t") if "\t" in line else line.split()
        pair = _pair([field.strip() for field in fields])
        if pair is None:
            raise TrialError(
                f"{path}, line {number}: expected `1 a.wav b.wav` or `a b target`, got {line!r}"
            )
        pairs.append(pair)
    if not pairs:
        raise TrialError(f"expected pairs in {path}, it has none")
    return pairs


def _pair(fields: Sequence[str]) -> Pair | None:
    if not all(fields):
        return None
    if len(fields) == 2:
        return Pair(None, fields[0], fields[1])
    if len(fields) == 3 and fields[2] in _KALDI:
        return Pair(_KALDI[fields[2]], fields[0], fields[1])
    if len(fields) == 3 and fields[0] in _VOXCELEB:
        return Pair(_VOXCELEB[fields[0]], fields[1], fields[2])
    return None
