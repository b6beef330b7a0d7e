"""The columns of a recordings table that matching reads, as arrays."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..store.arrays import lists
from ..store.schema import UNKNOWN_LANGUAGE, Noise
from .ages import years

Labels = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Embeddings and what they are labelled with: row i of each belongs to one recording.

    Parameters
    ----------
    ids : int64 (n,)
    speakers : str or None (n,)
    languages, noises : str (n,), the cells of a store
    embeddings : float32 (n, dimension), of unit length
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("id", "speaker", "language", "noise", "embedding")

    ids: npt.NDArray[np.int64]
    speakers: Labels
    languages: Labels
    noises: Labels
    embeddings: Floats

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Read a table that has `COLUMNS` of RECORDINGS_SCHEMA."""
        return cls(**_labelled(table))

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[np.integer]) -> Self:
        """Pick the recordings at these rows, in this order."""
        picked = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        return type(self)(**picked)

    def joined(self, other: Self) -> Self:
        """Append the recordings of another."""
        if not len(self) or not len(other):
            return self if len(self) else other
        pairs = {
            field.name: (getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        }
        return type(self)(**{name: np.concatenate(pair) for name, pair in pairs.items()})


@dataclass(frozen=True, slots=True)
class Voices(Labelled):
    """All that matching knows of recordings. NaN and None mean unknown.

    Parameters
    ----------
    content_hashes, genders : str or None (n,)
    gender_certainty : float32 (n,), probability of that gender; 1 where no tagger set it
    ages : float32 (n,), in years
    norms : float32 (n,), the length each embedding had
    speech_s, snr_db, bandwidth_hz, f0_hz : float32 (n,)
    spectrum_mean, spectrum_std : float32 (n, bands), decibels
    extras : str (n,), the manifest's other columns, as a JSON object
    """

    COLUMNS: ClassVar[tuple[str, ...]] = (
        *("id", "content_hash", "speaker", "gender", "language", "noise", "embedding"),
        *("embedding_norm", "speech_s", "snr_db", "bandwidth_hz", "f0_hz"),
        *("spectrum_mean", "spectrum_std", "gender_probability", "age", "extra"),
    )

    content_hashes: Labels
    genders: Labels
    gender_certainty: Floats
    ages: Floats
    norms: Floats
    speech_s: Floats
    snr_db: Floats
    bandwidth_hz: Floats
    f0_hz: Floats
    spectrum_mean: Floats
    spectrum_std: Floats
    extras: Labels

    def labels(self) -> Labelled:
        """Return what they are labelled with, and the embeddings."""
        return Labelled(self.ids, self.speakers, self.languages, self.noises, self.embeddings)

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Read a table that has `COLUMNS` of RECORDINGS_SCHEMA."""
        return cls(
            **_labelled(table),
            content_hashes=_labels(table, "content_hash"),
            genders=_labels(table, "gender"),
            gender_certainty=_known_or(1.0, _floats(table, "gender_probability")),
            ages=_ages(_labels(table, "age")),
            norms=_floats(table, "embedding_norm"),
            speech_s=_floats(table, "speech_s"),
            snr_db=_floats(table, "snr_db"),
            bandwidth_hz=_floats(table, "bandwidth_hz"),
            f0_hz=_floats(table, "f0_hz"),
            spectrum_mean=lists(table, "spectrum_mean"),
            spectrum_std=lists(table, "spectrum_std"),
            extras=_labels(table, "extra", "{}"),
        )


def _labelled(table: pa.Table) -> dict[str, Any]:
    return {
        "ids": table["id"].to_numpy(),
        "speakers": _labels(table, "speaker"),
        "languages": _labels(table, "language", UNKNOWN_LANGUAGE),
        "noises": _labels(table, "noise", Noise.UNKNOWN.value),
        "embeddings": lists(table, "embedding"),
    }


def _labels(table: pa.Table, column: str, missing: str | None = None) -> Labels:
    labels: Labels = table[column].to_numpy()
    if missing is None:
        return labels
    return np.where(labels == None, missing, labels)  # noqa: E711 - elementwise


def _floats(table: pa.Table, column: str) -> Floats:
    values: npt.NDArray[Any] = table[column].to_numpy()
    return values.astype(np.float32)


def _known_or(value: float, values: Floats) -> Floats:
    return np.nan_to_num(values, nan=value)


def _ages(labels: Labels) -> Floats:
    age_of = {label: years(label) for label in set(labels.tolist())}
    return np.array([age_of[label] for label in labels.tolist()], np.float32)
