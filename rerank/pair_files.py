"""Lists of pairs as files: VoxCeleb's, Kaldi's and NIST's forms, tables with a header, or blind."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import TrialError
from .enrolment_files import Spoken
from .pair_tables import has_header, table_rows
from .trial_files import lines_of

_KALDI = {"target": True, "nontarget": False}
_VOXCELEB = {"1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Pair:
    """References to two recordings, and whether one speaker speaks both; None where unknown.

    `model` is what the list calls the left one by, where that is enrolled by another list.
    """

    same_speaker: bool | None
    left: str
    right: str
    model: str | None = None


def read_pairs(path: Path, enrolment: Sequence[Spoken] | None = None) -> list[Pair]:
    """Read a list of pairs.

    One a line, its fields between blanks or, where it has them, tabs: `1 a.wav b.wav` and
    `0 a.wav b.wav` (VoxCeleb), `a b target` and `a b nontarget` (Kaldi), or `a b` where the answer
    is not known. Or a CSV or TSV with a header, such as NIST's, see `pair_tables`.

    Parameters
    ----------
    enrolment : the recording of each model, where the left side of the pairs names models

    Raises
    ------
    TrialError
        The file cannot be read or is empty, or a line is no pair; the message has its number. Or a
        model has no recording, or several.
    """
    rows = _of_table(path) if has_header(path) else _of_lines(path)
    models = None if enrolment is None else _models(enrolment)
    pairs = [pair if models is None else _enrolled(pair, models, where) for where, pair in rows]
    if not pairs:
        raise TrialError(f"expected pairs in {path}, it has none")
    return pairs


def _of_table(path: Path) -> Iterator[tuple[str, Pair]]:
    for row in table_rows(path):
        yield row.where, Pair(row.same_speaker, row.left, row.right)


def _of_lines(path: Path) -> Iterator[tuple[str, Pair]]:
    for number, line in lines_of(path):
        fields = line.split("\t") if "\t" in line else line.split()
        pair = _pair([field.strip() for field in fields])
        where = f"{path}, line {number}"
        if pair is None:
            raise TrialError(
                f"{where}: expected `1 a.wav b.wav` or `a b target`, got {line[:200]!r}"
            )
        yield where, pair


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


def _models(enrolment: Sequence[Spoken]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for entry in enrolment:
        if entry.speaker is not None:
            found[entry.speaker].append(entry.reference)
    return found


def _enrolled(pair: Pair, models: Mapping[str, Sequence[str]], where: str) -> Pair:
    """Put the one recording of a model in its place."""
    recordings = models.get(pair.left, ())
    if not recordings:
        raise TrialError(f"{where}: expected an enrolled model, got {pair.left!r}")
    if len(recordings) > 1:
        raise TrialError(
            f"{where}: expected models of one recording each, {pair.left!r} has {len(recordings)};"
            " spkret identify --enrol takes several"
        )
    return replace(pair, left=recordings[0], model=pair.left)
