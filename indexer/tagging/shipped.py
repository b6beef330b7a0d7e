"""The taggers that ship: noise and gender, from what the store holds, without audio."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...errors import TaggerError
from ...store.schema import EncoderIdentity
from .base import Evidence, Probabilities, Tagger, TagName
from .inputs import acoustic_gender_inputs, embedded_gender_inputs, noise_inputs
from .network import Floats, Network, load

MODELS = Path(__file__).parent / "models"
NOISE, GENDER, EMBEDDED_GENDER = "noise.npz", "gender.npz", "gender-embedded.npz"


class NetworkTagger(Tagger):
    """A network over columns that are stored."""

    def __init__(
        self, tag: TagName, network: Network, inputs: Callable[[Evidence], Floats]
    ) -> None:
        self.tag = tag
        self.classes = network.classes
        self._network, self._inputs = network, inputs

    def probabilities(self, evidence: Evidence) -> Probabilities:
        """Return how likely each class is, float32 (n, classes); no sound is read.

        A recording whose audio was never read, its embedding made elsewhere, is NaN.

        Raises
        ------
        TaggerError
            The network was made for other columns.
        """
        inputs = self._inputs(evidence)
        if inputs.shape[1] != self._network.inputs:
            raise TaggerError(
                f"expected a {self.tag} tagger for {inputs.shape[1]} inputs, got one for"
                f" {self._network.inputs}; install spkret anew"
            )
        unread = [np.isnan(one.spectrum_mean).all() for one in evidence.acoustics]
        told = self._network.probabilities(inputs)
        return np.where(np.array(unread, bool)[:, None], np.float32(np.nan), told)


def noise_tagger() -> Tagger:
    """Load the tagger of noise conditions, which serves the recordings of any encoder.

    Raises
    ------
    TaggerError
        It is damaged.
    """
    return NetworkTagger("noise", _read(MODELS / NOISE), noise_inputs)


def gender_tagger(encoder: EncoderIdentity) -> Tagger:
    """Load the tagger of genders: by the embedding where it knows the encoder, else by sound alone.

    Raises
    ------
    TaggerError
        It is damaged.
    """
    embedded = _read(MODELS / EMBEDDED_GENDER)
    if embedded.encoder == encoder.fingerprint:
        return NetworkTagger("gender", embedded, embedded_gender_inputs)
    return NetworkTagger("gender", _read(MODELS / GENDER), acoustic_gender_inputs)


@lru_cache(maxsize=8)
def _read(path: Path) -> Network:
    return load(path)
