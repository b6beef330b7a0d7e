"""Take one encoder after the other through all protocols."""

from collections.abc import Sequence
from dataclasses import dataclass

from .encoders import contender, shipped_reranker, trained_reranker
from .grounds import Corpus
from .protocols import measure
from .results import EncoderResult


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the benchmark.

    Parameters
    ----------
    corpus : what is measured on
    protocols : which renderings of it
    training : splits that rerankers are trained on
    ablate : names of the encoders whose rerankers are trained without some features, too
    """

    corpus: Corpus
    protocols: Sequence[str]
    training: Sequence[str]
    ablate: Sequence[str]

    def encoder(self, given: str) -> tuple[str, EncoderResult]:
        """Measure an encoder, given as `NAME` or `NAME=MODEL`; return its name too."""
        entry, plan, seed = contender(given, self.corpus), self.corpus.plan, self.corpus.seed
        shipped = shipped_reranker(entry.model)
        reranker = shipped or trained_reranker(
            lambda: self.corpus.training_ground(self.training).store(entry.place, entry.model),
            entry.place / "reranker",
            plan.training,
        )
        found = {}
        for protocol in self.protocols:
            ground, rows = self.corpus.ground(protocol)
            store = ground.store(entry.place, entry.model)
            found[protocol] = measure(store, rows, protocol, plan, reranker, seed)
        identity = reranker.encoder
        return entry.name, EncoderResult(
            model=entry.model,
            fingerprint=identity.fingerprint,
            dimension=identity.dimension,
            reranker=reranker.fingerprint,
            shipped=shipped is not None,
            protocols=found,
            ablations={},
        )
