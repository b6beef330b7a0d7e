"""Builders of test data, shared by all tests."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pyarrow as pa

from spkret.store.schema import RECORDINGS_SCHEMA, recording_id


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
    timbres = generator.normal(0, 4, (speakers, 40))
    rows = []
    for speaker, take in product(range(speakers), range(recordings)):
        noise = str(generator.choice(list(_NOISE_SNR_DB)))
        speech = float(np.clip(generator.lognormal(1, 0.6), 0.5, 30))
        scatter = spread * (1.3 if noise == "communication" else 1.0) * max(0.7, 2 / speech) ** 0.5
        vector = voices[speaker] + offsets[noise] + generator.normal(size=dimension) * scatter
        male = speaker % 2 == 0
        spectrum = timbres[speaker] + generator.normal(0, 3, 40)
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
