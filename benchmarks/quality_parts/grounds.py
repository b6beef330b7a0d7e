"""Where records are drawn from: the recordings of a split, untreated or in random conditions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train_default_reranker import read_rows, render, write_manifest

import spkret
from spkret.store.store import Store

from . import audio
from .plan import Plan, Row

STANDARD, CONDITIONS = "standard", "conditions"
PROTOCOLS = (STANDARD, CONDITIONS)


@dataclass(frozen=True, slots=True)
class Ground:
    """Recordings that a store is made of.

    Parameters
    ----------
    name : of the protocol, and of the stores
    folder : of the audio
    manifest : lists the files of `folder`
    """

    name: str
    folder: Path
    manifest: Path

    def store(self, place: Path, model: str) -> Store:
        """Embed what is not embedded yet into the store in `place`."""
        store = spkret.open(place / self.name, model)
        spkret.index(self.folder, store, self.manifest, model)
        return store


@dataclass(frozen=True, slots=True)
class Corpus:
    """The folder of speech, what of it is used, and where audio is written.

    Parameters
    ----------
    speech : holds `manifest.csv` and `noise.csv`
    work : audio and manifests go here, for all encoders
    split : whose speakers are measured on
    plan : how much of it
    seed : of the conditions
    """

    speech: Path
    work: Path
    split: str
    plan: Plan
    seed: int

    def rows(self, *splits: str) -> list[Row]:
        """Read the rows of some splits, as far as the plan keeps them."""
        return self.plan.keep(read_rows(self.speech / "manifest.csv", splits))

    def ground(self, protocol: str) -> tuple[Ground, Sequence[Row]]:
        """Make the recordings of a protocol ready, and list them."""
        rows: Sequence[Row] = self.rows(self.split)
        folder = self.speech
        if protocol == CONDITIONS:
            folder = self.work / CONDITIONS / "audio"
            rows = audio.render(rows, self.speech, folder, self.seed)
        manifest = self.work / protocol / f"{self.split}.csv"
        write_manifest(rows, manifest)
        return Ground(f"{protocol}-{self.split}", folder, manifest), rows

    def training_ground(self, splits: Sequence[str]) -> Ground:
        """Make ready what rerankers are trained on, as for the one that ships."""
        folder = self.work / "training" / "audio"
        render(self.rows(*splits), self.speech, folder)
        return Ground(f"training-{'-'.join(splits)}", folder, folder / "manifest.csv")
