"""The encoders that are compared, and the reranker of each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from train_default_reranker import draw, read_rows

from spkret.api import encoder
from spkret.errors import UsageError
from spkret.matcher import train_reranker
from spkret.rerank.loading import DEFAULT
from spkret.rerank.ranker import Reranker
from spkret.store.store import Store

from .grounds import Corpus
from .stages import stage

MFCC = "mfcc"


@dataclass(frozen=True, slots=True)
class Contender:
    """An encoder by what `--model` takes, and the folder of its stores."""

    name: str
    model: str
    place: Path


def contender(given: str, corpus: Corpus) -> Contender:
    """Read `NAME` or `NAME=MODEL`; the encoder named `mfcc` is built if it is not there.

    Raises
    ------
    UsageError
        The name cannot be one of a folder.
    """
    name, _, model = given.partition("=")
    if not name or Path(name).name != name:
        raise UsageError(f"expected NAME or NAME=MODEL, a name without slashes, got {given!r}")
    place = corpus.work / "encoders" / name
    if given != MFCC:
        return Contender(name, model or name, place)
    target = place / f"{MFCC}.onnx"
    if not target.exists():
        from . import mfcc

        rows = read_rows(corpus.speech / "manifest.csv", ("train",))
        with stage("building the encoder of MFCC"):
            mfcc.build(rows, corpus.speech, corpus.plan.mfcc_speakers, target)
    return Contender(name, str(target), place)


def shipped_reranker(model: str) -> Reranker | None:
    """Load the reranker that ships, if it was trained on this encoder."""
    reranker = Reranker.load(DEFAULT)
    fits = reranker.encoder_fingerprint == encoder(model).identity.fingerprint
    return reranker if fits else None


def trained_reranker(training: Callable[[], Store], place: Path, records: int) -> Reranker:
    """Load the reranker that an earlier run left in `place`, or train it as the shipped one is."""
    if not (place / "reranker.json").exists():
        store = training()
        with stage("training of the reranker"):
            train_reranker(store, draw(store, records))
        Reranker.load(store.reranker_path).save(place)
    return Reranker.load(place)
