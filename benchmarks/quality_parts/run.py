"""Take one encoder after the other through all protocols."""

from collections.abc import Sequence
from dataclasses import dataclass

from spkret.store.store import Store

from .ablation import ablate
from .encoders import Contender, contender, shipped_reranker, trained_reranker
from .grounds import Corpus
from .plan import GROUP
from .protocols import Drawn, measure
from .results import Ablation, EncoderResult
from .scoring import Arena
from .stages import stage


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
            lambda: self._training(entry), entry.place / "reranker", plan.training
        )
        found, arenas = {}, {}
        for protocol in self.protocols:
            with stage(f"{entry.name}, audio of {protocol}"):
                ground, rows = self.corpus.ground(protocol)
            with stage(f"{entry.name}, embeddings of {protocol}"):
                store = ground.store(entry.place, entry.model)
            with stage(f"{entry.name}, figures of {protocol}"):
                drawn = Drawn.of(rows, protocol, plan, seed)
                arenas[protocol] = Arena.of(store, drawn.first, GROUP, reranker)
                found[protocol] = measure(store, drawn, arenas[protocol], reranker)
        ablations: dict[str, dict[str, Ablation]] = {}
        if entry.name in self.ablate:
            training = self._training(entry)
            with stage(f"{entry.name}, ablations"):
                ablations = ablate(training, arenas, reranker, plan.ablated, seed)
        identity = reranker.encoder
        return entry.name, EncoderResult(
            model=entry.model,
            fingerprint=identity.fingerprint,
            dimension=identity.dimension,
            reranker=reranker.fingerprint,
            shipped=shipped is not None,
            protocols=found,
            ablations=ablations,
        )

    def _training(self, entry: Contender) -> Store:
        """Embed what rerankers are trained on."""
        with stage(f"{entry.name}, audio of training"):
            ground = self.corpus.training_ground(self.training)
        with stage(f"{entry.name}, embeddings of training"):
            return ground.store(entry.place, entry.model)
