"""The benchmark's audio: files as they are, or each in its own random condition."""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import conditions
from train_default_reranker import on_all_cores, write_wave

from .plan import Row


def render(rows: Sequence[Row], speech: Path, audio: Path, seed: int) -> list[Row]:
    """Write every file in its condition and return its row; what is there is not written again.

    Parameters
    ----------
    rows : of the manifest in `speech`
    speech : the folder of speech, with its noise table
    audio : where to write
    seed : of the conditions
    """
    work = partial(_render, speech=speech, audio=audio, seed=seed)
    on_all_cores(work, [row for row in rows if not _target(row, audio).exists()])
    return [work(row) for row in rows]


@lru_cache(maxsize=1)
def _sounds(table: Path) -> conditions.Sounds:
    """Read the sounds of the benchmark, once a process."""
    return conditions.read_sounds(table)


def _target(row: Row, audio: Path) -> Path:
    return audio / Path(row["path"]).with_suffix(".flac")


def _render(row: Row, speech: Path, audio: Path, seed: int) -> Row:
    """Write one file, if it is not there; a source that is a telephone call stays communication."""
    rng = conditions.generator(row["path"], seed)
    drawn = str(rng.choice(conditions.CONDITIONS))
    condition = "communication" if row["noise"] == "communication" else drawn
    target = _target(row, audio)
    if not target.exists():
        wave = conditions.read_wave(speech / row["path"])
        write_wave(target, conditions.render(wave, condition, _sounds(speech / "noise.csv"), rng))
    return {**row, "path": target.relative_to(audio).as_posix(), "noise": condition}
