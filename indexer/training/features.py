"""Cached log-mel features: every training utterance in several conditions, on disk as float16.

A cache is a folder of shards, one file of frames (frames, mels) and one table of rows each, so
that a killed build goes on where it stopped and training reads it through memory maps.
"""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ...errors import AudioError
from ..encoders.base import SAMPLE_RATE_HZ
from ..encoders.trainable.base import FrontEnd
from .augment import augment
from .waves import Sounds, Wave

SHARD = 2_000
LONGEST_S = 20.0

Version = Literal["plain", "augmented"]
"""One rendering of every utterance: as it is, or in a random condition."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One file to train on; `cell` is the (source, language) that hard trials stay within."""

    path: str
    speaker: str
    cell: str
    source: str = field(default="", repr=False)
    licence: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Features:
    """Features in memory maps: utterance i is frames `starts[i]` to `starts[i] + counts[i]`."""

    shards: list[npt.NDArray[np.float16]]
    shard: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    utterance: npt.NDArray[np.int64]
    version: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts)

    def frames(self, row: int) -> npt.NDArray[np.float16]:
        """The frames (frames, mels) of one row."""
        start = self.starts[row]
        return np.asarray(self.shards[self.shard[row]][start : start + self.counts[row]])


@dataclass(frozen=True, slots=True)
class CacheJob:
    """All that a worker needs to make one shard."""

    folder: Path
    number: int
    first: int
    utterances: Sequence[Utterance]
    version: Version
    version_index: int
    frontend: FrontEnd
    seed: int


def build(
    folder: Path,
    utterances: Sequence[Utterance],
    versions: Sequence[Version],
    sounds: Sounds,
    frontend: FrontEnd,
    seed: int,
) -> Features:
    """Make the shards of a cache that are missing, in parallel, and open it.

    A file that cannot be read is left out; `utterance` of the result tells which are there. Other
    utterances, versions, front ends or seeds get a folder of their own.
    """
    made_of = repr((utterances, versions, frontend, seed)).encode()
    folder = folder / hashlib.blake2b(made_of, digest_size=8).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    firsts = range(0, len(utterances), SHARD)
    jobs = [
        CacheJob(
            folder, number, first, utterances[first : first + SHARD], version, v, frontend, seed
        )
        for number, ((v, version), first) in enumerate(product(enumerate(versions), firsts))
    ]
    missing = [job for job in jobs if not _is_made(folder, job.number)]
    _make(missing, sounds, in_parallel=bool(missing) and len(utterances) > SHARD)
    return _open(folder, len(jobs), frontend.mels)


def _make(jobs: Sequence[CacheJob], sounds: Sounds, in_parallel: bool) -> None:
    """Make shards, in processes where that repays their start."""
    if not in_parallel:
        for job in jobs:
            _make_shard(job, sounds)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(os.cpu_count(), _start_worker, (sounds,)) as pool:
        for _ in pool.imap_unordered(_make_shard_in_worker, jobs):
            pass


def read_wave(path: str, longest_s: float = LONGEST_S) -> Wave:
    """The head of a file as mono float32 at 16 kHz.

    Raises
    ------
    AudioError
        The file cannot be decoded or holds no samples.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            wave = file.read(int(longest_s * rate), dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError("unreadable", str(error)) from error
    if not len(wave) or not np.isfinite(wave).all():
        raise AudioError("empty", f"no finite samples in {path}")
    return np.asarray(soxr.resample(wave, rate, SAMPLE_RATE_HZ), np.float32)


def _is_made(folder: Path, number: int) -> bool:
    """Whether a shard is there as a whole; of a cache being deleted, one of the files may be."""
    return _table_path(folder, number).exists() and _frames_path(folder, number).exists()


def _table_path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.json"


def _frames_path(folder: Path, number: int) -> Path:
    return folder / f"{number:05d}.f16"


_sounds = Sounds()


def _start_worker(sounds: Sounds) -> None:
    import torch

    global _sounds
    _sounds = sounds
    torch.set_num_threads(1)


def _make_shard_in_worker(job: CacheJob) -> None:
    _make_shard(job, _sounds)


def _make_shard(job: CacheJob, sounds: Sounds) -> None:
    import torch

    log_mel = job.frontend.module()
    rows, blocks = [], []
    for offset, utterance in enumerate(job.utterances):
        rng = np.random.default_rng([job.seed, job.version_index, job.first + offset])
        try:
            wave = _render(utterance, job.version, sounds, rng)
        except AudioError:
            continue
        with torch.no_grad():
            block = log_mel(torch.from_numpy(wave)[None])[0].numpy().astype(np.float16)
        rows.append([job.first + offset, job.version_index, len(block)])
        blocks.append(block)
    frames = np.concatenate(blocks) if blocks else np.empty((0, job.frontend.mels), np.float16)
    frames.tofile(_frames_path(job.folder, job.number))
    temporary = _table_path(job.folder, job.number).with_suffix(".tmp")
    temporary.write_text(json.dumps(rows))
    temporary.replace(_table_path(job.folder, job.number))


def _render(
    utterance: Utterance, version: Version, sounds: Sounds, rng: np.random.Generator
) -> Wave:
    wave = read_wave(utterance.path)
    wave = np.resize(wave, max(len(wave), SAMPLE_RATE_HZ // 2))
    return augment(wave, sounds, rng) if version == "augmented" else wave


def _open(folder: Path, shards: int, mels: int) -> Features:
    maps, tables = [], []
    for number in range(shards):
        rows = np.array(json.loads(_table_path(folder, number).read_text()), np.int64).reshape(
            -1, 3
        )
        starts = np.concatenate([[0], np.cumsum(rows[:, 2])[:-1]]) if len(rows) else rows[:, 2]
        tables.append(np.column_stack([np.full(len(rows), number), starts, rows]))
        path = _frames_path(folder, number)
        empty = np.empty((0, mels), np.float16)
        maps.append(np.memmap(path, np.float16, "r").reshape(-1, mels) if len(rows) else empty)
    table = np.concatenate(tables)
    return Features(
        shards=maps,
        shard=table[:, 0].astype(np.int32),
        starts=table[:, 1],
        utterance=table[:, 2],
        version=table[:, 3].astype(np.int32),
        counts=table[:, 4],
    )
