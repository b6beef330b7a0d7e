"""Builders of test data, shared by all tests."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spkret.indexer.encoders.base import Encoder
from spkret.store.schema import (
    RECORDINGS_SCHEMA,
    Acoustics,
    Embedded,
    EncoderIdentity,
    FileStamp,
    Recording,
    Tag,
    TagSource,
    recording_id,
)
from spkret.store.store import Store


def labelled_table(
    speakers: int = 40,
    recordings: int = 4,
    *,
    dimension: int = 32,
    spread: float = 0.8,
    channel: float = 0.6,
    languages: Sequence[str] = ("en", "es"),
    extra: str = "{}",
    seed: int = 0,
) -> pa.Table:
    """Build a store's recordings without audio: voices scattered and offset by their channel.

    Every speaker has one language and one gender; each recording draws its noise condition, which
    adds an offset shared by the condition, and more scatter the shorter and noisier it is.
    """
    generator = np.random.default_rng(seed)
    voices = generator.normal(size=(speakers, dimension))
    offsets = {noise: generator.normal(size=dimension) * channel for noise in _NOISE_SNR_DB}
    timbres = generator.normal(0, 1.5, (speakers, 40))
    rows = []
    for speaker, take in product(range(speakers), range(recordings)):
        noise = str(generator.choice(list(_NOISE_SNR_DB)))
        speech = float(np.clip(generator.lognormal(1, 0.6), 0.5, 30))
        scatter = spread * (1.3 if noise == "communication" else 1.0) * max(0.7, 2 / speech) ** 0.5
        vector = voices[speaker] + offsets[noise] + generator.normal(size=dimension) * scatter
        male = speaker % 2 == 0
        spectrum = timbres[speaker] + generator.normal(0, 4, 40)
        rows.append(
            {
                "id": recording_id("/audio", f"s{speaker}/{take}.wav"),
                "root": "/audio",
                "path": f"s{speaker}/{take}.wav",
                "content_hash": f"{speaker:04x}{take:04x}",
                "speaker": f"s{speaker:03}",
                "language": languages[speaker // 2 % len(languages)],
                "noise": noise,
                "gender": "m" if male else "f",
                "duration_s": speech * 1.2,
                "speech_s": speech,
                "sample_rate_hz": 16_000,
                "snr_db": generator.normal(_NOISE_SNR_DB[noise], 4),
                "bandwidth_hz": 3_400.0 if noise == "communication" else 7_600.0,
                "f0_hz": (110 if male else 200) * 2 ** generator.normal(0, 0.1),
                "spectrum_mean": spectrum - spectrum.mean(),
                "spectrum_std": generator.normal(8, 1, 40),
                "embedding": vector / np.linalg.norm(vector),
                "embedding_norm": float(np.linalg.norm(vector)),
                "extra": extra,
            }
        )
    return pa.Table.from_pylist(rows, RECORDINGS_SCHEMA)


_NOISE_SNR_DB = {"communication": 12.0, "background": 8.0, "clean": 30.0}


def voice(
    seconds: float = 2.0, *, f0_hz: float = 120.0, rate_hz: int = 16_000, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Build a waveform (samples,) that has a pitch, syllables and pauses, at about -12 dB."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    harmonics = np.arange(1, int(min(7_000, 0.45 * rate_hz) / f0_hz) + 1)
    phases = generator.uniform(0, 2 * np.pi, len(harmonics))
    period = time[: round(3.3 * rate_hz)]
    parts = zip(harmonics, phases, strict=True)
    tones = sum(np.sin(2 * np.pi * f0_hz * n * period + phase) / n for n, phase in parts)
    syllables = np.clip(np.sin(2 * np.pi * 3 * time + generator.uniform(0, 6)), 0, None) ** 0.5
    hiss = generator.normal(size=len(time)) * 1e-4
    return (0.1 * np.resize(tones, len(time)) * syllables + hiss).astype(np.float32)


def write_audio(path: Path, waveform: npt.NDArray[np.float32], rate_hz: int = 16_000) -> Path:
    """Write a waveform (samples,) or (samples, channels), the format by the suffix."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    subtype = "OPUS" if path.suffix == ".opus" else None
    container = "OGG" if path.suffix == ".opus" else None
    soundfile.write(path, waveform, rate_hz, subtype=subtype, format=container)
    return path


class ToyEncoder(Encoder):
    """A fast encoder of which every sample counts; it remembers the batches it was given."""

    identity = EncoderIdentity("toy", "toy-1", 24)
    grid_samples = 4_000

    def __init__(self) -> None:
        self.batches: list[tuple[int, ...]] = []
        self._weights = np.random.default_rng(7).normal(size=(100, 24)).astype(np.float32)

    def encode_equal(self, waveforms: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        assert waveforms.shape[1] % self.grid_samples == 0
        self.batches.append(waveforms.shape)
        frames = waveforms.reshape(len(waveforms), -1, 100)
        embeddings: npt.NDArray[np.float32] = np.tanh(frames @ self._weights).mean(axis=1)
        return embeddings


class SpectralEncoder(Encoder):
    """A fast encoder that tells voices apart a little: mean and deviation of log-band energies."""

    identity = EncoderIdentity("spectral", "spectral-1", 48)
    grid_samples = 4_000

    def encode_equal(self, waveforms: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        frames = waveforms.reshape(len(waveforms), -1, 400) * np.hanning(400).astype(np.float32)
        power = np.abs(np.fft.rfft(frames))[..., 1:193] ** 2
        bands = np.log(power.reshape(*power.shape[:2], 24, 8).mean(axis=-1) + 1e-6)
        bands -= bands.mean(axis=(1, 2), keepdims=True)
        embeddings = np.concatenate([bands.mean(axis=1), bands.std(axis=1)], axis=1)
        return embeddings.astype(np.float32)


def embedded(
    path: str,
    *,
    root: str = "/audio",
    speaker: str | None = "anna",
    language: str = "en",
    noise: str = "clean",
    vector: npt.ArrayLike | None = None,
    dimension: int = 16,
    content: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> Embedded:
    """Build a recording ready to store; its embedding is drawn from its path unless given."""
    seed = recording_id(root, path)
    drawn = np.random.default_rng(seed).normal(size=dimension) if vector is None else vector
    values = np.asarray(drawn, np.float32)
    return Embedded(
        Recording(
            root,
            path,
            Tag(speaker, TagSource.MANIFEST),
            Tag(language, TagSource.MANIFEST),
            Tag(noise, TagSource.TAGGER, 0.75),
            extra=extra or {},
        ),
        FileStamp(1_000, datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC), content or f"{seed:x}"),
        Acoustics(
            2.5, 2.0, 8_000, 20.0, 3_400.0, float("nan"), np.zeros(40, "f4"), np.ones(40, "f4")
        ),
        values / np.linalg.norm(values) if vector is None else values,
        3.5,
    )


def matched_store(path: Path, table: pa.Table, name: str = "fake") -> Store:
    """Make a store that holds the recordings of a table, such as `labelled_table` builds."""
    dimension = len(table["embedding"][0].as_py())
    store = Store.create(path, EncoderIdentity(name, f"{name}-fingerprint", dimension))
    store.recordings.commit([_embedded(row) for row in table.to_pylist()])
    return store


def _embedded(row: dict[str, Any]) -> Embedded:
    def tag(name: str) -> Tag:
        source = TagSource.NONE if row[name] is None else TagSource.MANIFEST
        return Tag(row[name], source)

    acoustics = {field.name: row[field.name] for field in fields(Acoustics)}
    for name in ("spectrum_mean", "spectrum_std"):
        acoustics[name] = np.array(acoustics[name], np.float32)
    return Embedded(
        Recording(
            row["root"],
            row["path"],
            speaker=tag("speaker"),
            language=tag("language"),
            noise=tag("noise"),
            gender=tag("gender"),
        ),
        FileStamp(1, datetime(2026, 1, 1, tzinfo=UTC), row["content_hash"]),
        Acoustics(**acoustics),
        np.array(row["embedding"], np.float32),
        row["embedding_norm"],
    )


TOY_IDENTITY = EncoderIdentity("toy", "0123456789abcdef", 16)


def altered(table: pa.Table, row: int, **values: Any) -> pa.Table:
    """Return a recordings table in which some columns of one row have other values."""
    rows = table.to_pylist()
    rows[row] |= values
    return pa.Table.from_pylist(rows, table.schema)


def copied(table: pa.Table, row: int, path: str, **values: Any) -> pa.Table:
    """Append a copy of a row under another path, with other values in some columns."""
    copy = table.to_pylist()[row]
    copy |= {"path": path, "id": recording_id(copy["root"], path)} | values
    return pa.concat_tables([table, pa.Table.from_pylist([copy], table.schema)])


def columned_store(path: Path, table: pa.Table, columns: Sequence[Mapping[str, str]]) -> Store:
    """Make a store of a table's recordings with the manifest's own columns beside each."""
    dimension = len(table["embedding"][0].as_py())
    store = Store.create(path, EncoderIdentity("fake", "fake-fingerprint", dimension))
    rows = [_embedded(row) for row in table.to_pylist()]
    store.recordings.commit(
        [
            replace(row, recording=replace(row.recording, extra=extra))
            for row, extra in zip(rows, columns, strict=True)
        ]
    )
    return store


def fitting_store(path: Path, table: pa.Table) -> Store:
    """Make a store of a table's recordings that the shipped reranker fits.

    Embeddings are padded with zeros to the dimension of its encoder.
    """
    from spkret.rerank.loading import DEFAULT
    from spkret.rerank.ranker import Reranker

    identity = Reranker.load(DEFAULT).encoder
    rows = [_embedded(row) for row in table.to_pylist()]
    missing = identity.dimension - len(rows[0].embedding)
    store = Store.create(path, identity)
    store.recordings.commit(
        [replace(row, embedding=np.pad(row.embedding, (0, missing))) for row in rows]
    )
    return store
