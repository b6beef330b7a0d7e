"""Lists of pairs, with answers or scores, in the forms of other tools."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .texts import write_separated

_SIDE = "a"
"""The channel in NIST's lists; recordings are mono here."""


@dataclass(frozen=True, slots=True)
class ListedPair:
    """Two recordings, whether one speaker speaks both (None where unknown), and their score."""

    left: str
    right: str
    same_speaker: bool | None
    score: float | None = None


def write_voxceleb_trials(path: Path, pairs: Sequence[ListedPair]) -> None:
    """Write `1 a.wav b.wav`, as VoxCeleb's veri_test.txt; no label where it is not known."""
    _write(path, ([*_flag(pair), pair.left, pair.right] for pair in pairs))


def write_kaldi_trials(path: Path, pairs: Sequence[ListedPair]) -> None:
    """Write `a b target`, as Kaldi's trials; no third field where it is not known."""
    _write(path, ([pair.left, pair.right, *_word(pair)] for pair in pairs))


def write_nist_trials(path: Path, pairs: Sequence[ListedPair]) -> None:
    """Write NIST SRE's key: TSV with `modelid`, `segmentid`, `side`, `targettype`."""
    rows = ([pair.left, pair.right, _SIDE, *(_word(pair) or [""])] for pair in pairs)
    write_separated(path, [("modelid", "segmentid", "side", "targettype"), *rows], "\t")


def write_voxceleb_scores(path: Path, pairs: Sequence[ListedPair]) -> None:
    """Write `score a.wav b.wav`, as the scripts of VoxSRC take it, by the order of lines."""
    _write(path, ([_number(pair), pair.left, pair.right] for pair in pairs))


def write_kaldi_scores(path: Path, pairs: Sequence[ListedPair]) -> None:
    """Write `a b score`, as Kaldi's ivector-plda-scoring."""
    _write(path, ([pair.left, pair.right, _number(pair)] for pair in pairs))


def write_nist_scores(path: Path, pairs: Sequence[ListedPair]) -> None:
    """Write NIST SRE's system output: TSV with `modelid`, `segmentid`, `side`, `LLR`."""
    rows = ([pair.left, pair.right, _SIDE, _number(pair)] for pair in pairs)
    write_separated(path, [("modelid", "segmentid", "side", "LLR"), *rows], "\t")


Writer = Callable[[Path, Sequence[ListedPair]], None]

TRIALS: Mapping[str, Writer] = {
    "voxceleb": write_voxceleb_trials,
    "kaldi": write_kaldi_trials,
    "nist": write_nist_trials,
}
SCORES: Mapping[str, Writer] = {
    "voxceleb": write_voxceleb_scores,
    "kaldi": write_kaldi_scores,
    "nist": write_nist_scores,
}


def no_ratios(count: int, total: int) -> str:
    """Say that some scores of a NIST list are not what its column is called."""
    return (
        f"{count} of {total} scores are no log-likelihood ratios: those are what spkret verify"
        " gives with a reranker"
    )


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write fields between blanks, or between tabs where a name has a blank."""
    table = list(rows)
    has_blanks = any(" " in cell for row in table for cell in row)
    write_separated(path, table, "\t" if has_blanks else " ")


def _flag(pair: ListedPair) -> list[str]:
    return [] if pair.same_speaker is None else [str(int(pair.same_speaker))]


def _word(pair: ListedPair) -> list[str]:
    words = {None: [], True: ["target"], False: ["nontarget"]}
    return words[pair.same_speaker]


def _number(pair: ListedPair) -> str:
    return "nan" if pair.score is None else f"{pair.score:.9g}"
