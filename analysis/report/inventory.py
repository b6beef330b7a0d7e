"""What is in a store: recordings, hours, languages, noise conditions, speakers, tags."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...retrieval.voices import Labels
from ...store.schema import TagSource
from ..rows import AuditRows, groups_of
from .summaries import Bins, Quartiles, usual_edges

UNKNOWN = "unknown"
ACOUSTICS: Mapping[str, str] = {
    "snr_db": "signal-to-noise ratio in dB",
    "bandwidth_hz": "bandwidth in Hz",
    "f0_hz": "pitch (f0) in Hz",
}
TAGS = ("speaker", "language", "noise", "gender")


@dataclass(frozen=True, slots=True)
class CellCount:
    """Recordings of one language in one noise condition, and their labelled speakers."""

    language: str
    noise: str
    recordings: int
    speakers: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is in a store.

    Attributes
    ----------
    recordings, speakers, unlabelled : rows, distinct labels, rows without a label
    hours, speech_hours : of audio, and of speech in it
    languages, noises, genders, ages : recordings of each, the most first; ages in decades
    cells : languages and noise conditions that have recordings
    durations, speech : histograms in seconds, with the same edges
    recordings_per_speaker : of each labelled speaker, the most first
    acoustics : quartiles by column of `ACOUSTICS` and noise condition
    sources : recordings by tag of `TAGS` and where the tag came from
    """

    recordings: int
    speakers: int
    unlabelled: int
    hours: float
    speech_hours: float
    languages: Mapping[str, int]
    noises: Mapping[str, int]
    genders: Mapping[str, int]
    ages: Mapping[str, int]
    cells: Sequence[CellCount]
    durations: Bins
    speech: Bins
    recordings_per_speaker: Mapping[str, int]
    acoustics: Mapping[str, Mapping[str, Quartiles]]
    sources: Mapping[str, Mapping[str, int]]


def take_inventory(rows: AuditRows, table: pa.Table) -> Inventory:
    """Count what is in a store; `table` has the columns `*_source` of the same recordings."""
    voices = rows.voices
    speakers = Counter(name for name in voices.speakers.tolist() if name is not None)
    edges = usual_edges(rows.durations)
    return Inventory(
        recordings=len(rows),
        speakers=len(speakers),
        unlabelled=len(rows) - speakers.total(),
        hours=_hours(rows.durations),
        speech_hours=_hours(voices.speech_s),
        languages=_counts(voices.languages),
        noises=_counts(voices.noises),
        genders=_counts(voices.genders),
        ages=_decades(voices.ages),
        cells=_cells(rows),
        durations=Bins.of(rows.durations, edges),
        speech=Bins.of(voices.speech_s, edges),
        recordings_per_speaker=dict(speakers.most_common()),
        acoustics={name: _by_noise(rows, getattr(voices, name)) for name in ACOUSTICS},
        sources={tag: _sources(table[f"{tag}_source"]) for tag in TAGS},
    )


def _hours(seconds: np.ndarray) -> float:
    return float(np.nansum(seconds, dtype=np.float64)) / 3600


def _counts(labels: Labels) -> dict[str, int]:
    return dict(Counter(UNKNOWN if name is None else name for name in labels).most_common())


def _decades(ages: np.ndarray) -> dict[str, int]:
    decades = Counter((ages[np.isfinite(ages)] // 10 * 10).astype(int).tolist())
    return {f"{decade} to {decade + 9}": decades[decade] for decade in sorted(decades)}


def _cells(rows: AuditRows) -> list[CellCount]:
    voices = rows.voices
    cells = (voices.languages + "\0" + voices.noises).astype(np.str_)
    return [
        CellCount(
            str(voices.languages[group[0]]),
            str(voices.noises[group[0]]),
            len(group),
            len(rows.speakers_of(group)),
        )
        for group in groups_of(cells)
    ]


def _by_noise(rows: AuditRows, values: np.ndarray) -> dict[str, Quartiles]:
    found = {
        str(noise): Quartiles.of(values[rows.voices.noises == noise])
        for noise in sorted(set(rows.voices.noises.tolist()))
    }
    return {noise: quartiles for noise, quartiles in found.items() if quartiles is not None}


def _sources(column: pa.ChunkedArray) -> dict[str, int]:
    counts = Counter(pc.fill_null(column, TagSource.NONE.value).to_pylist())
    return {source.value: counts[source.value] for source in TagSource if counts[source.value]}
