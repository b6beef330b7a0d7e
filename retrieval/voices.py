"""The columns of a recordings table that matching reads, as arrays."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..store.schema import UNKNOWN_LANGUAGE, Noise

Labels = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Voices:
    """Recordings as arrays: row i of each belongs to one recording. NaN and None mean unknown.

    Parameters
    ----------
    ids : int64 (n,)
    content_hashes, speakers, genders : str or None (n,)
    languages, noises : str (n,), the cells of a store
    embeddings : float32 (n, dimension), of unit length
    norms : float32 (n,), the length each embedding had
    speech_s, snr_db, bandwidth_hz, f0_hz : float32 (n,)
    spectrum_mean, spectrum_std : float32 (n, bands), decibels
    """

    ids: npt.NDArray[np.int64]
    content_hashes: Labels
    speakers: Labels
    genders: Labels
    languages: Labels
    noises: Labels
    embeddings: Floats
    norms: Floats
    speech_s: Floats
    snr_db: Floats
    bandwidth_hz: Floats
    f0_hz: Floats
    spectrum_mean: Floats
    spectrum_std: Floats

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Read a table with the columns of RECORDINGS_SCHEMA (those in `COLUMNS` suffice)."""
        return cls(
            ids=table["id"].to_numpy(),
            content_hashes=_labels(table, "content_hash"),
            speakers=_labels(table, "speaker"),
            genders=_labels(table, "gender"),
            languages=_labels(table, "language", UNKNOWN_LANGUAGE),
            noises=_labels(table, "noise", Noise.UNKNOWN.value),
            embeddings=_matrix(table, "embedding"),
            norms=_floats(table, "embedding_norm"),
            speech_s=_floats(table, "speech_s"),
            snr_db=_floats(table, "snr_db"),
            bandwidth_hz=_floats(table, "bandwidth_hz"),
            f0_hz=_floats(table, "f0_hz"),
            spectrum_mean=_matrix(table, "spectrum_mean"),
            spectrum_std=_matrix(table, "spectrum_std"),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[np.integer]) -> "Voices":
        """Pick the recordings at these rows, in this order."""
        return Voices(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


COLUMNS = (
    *("id", "content_hash", "speaker", "gender", "language", "noise", "embedding"),
    *("embedding_norm", "speech_s", "snr_db", "bandwidth_hz", "f0_hz"),
    *("spectrum_mean", "spectrum_std"),
)


def _labels(table: pa.Table, column: str, missing: str | None = None) -> Labels:
    labels: Labels = table[column].to_numpy()
    if missing is None:
        return labels
    return np.where(labels == None, missing, labels)  # noqa: E711 - elementwise


def _floats(table: pa.Table, column: str) -> Floats:
    values: npt.NDArray[Any] = table[column].to_numpy()
    return values.astype(np.float32)


def _matrix(table: pa.Table, column: str) -> Floats:
    chunks = [chunk.flatten().to_numpy() for chunk in table[column].chunks]
    flat = chunks[0] if len(chunks) == 1 else np.concatenate([*chunks, np.empty(0, np.float32)])
    return flat.reshape(len(table), -1) if len(table) else np.empty((0, 0), np.float32)
