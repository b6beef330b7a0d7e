"""Taggers by the name of their tag."""

from collections.abc import Sequence

from ...errors import UsageError
from ...store.schema import EncoderIdentity
from ..encoders.runtimes import OPENVINO
from .base import TAG_NAMES, Tagger


def load_taggers(
    names: Sequence[str],
    encoder: EncoderIdentity,
    language_model: str | None = None,
    device: str = "auto",
) -> list[Tagger]:
    """Load a tagger for each tag named, once each.

    Parameters
    ----------
    names : of `base.TAG_NAMES`
    encoder : what made the embeddings that they are given
    language_model : what tells languages, see `language.LanguageTagger`; None for the usual one
    device : where that runs, see `encoders.registry.load`; on the CPU for `openvino`

    Raises
    ------
    UsageError
        There is no such tag, or no such device.
    TaggerError
        A tagger is damaged.
    EncoderError
        The language model cannot be found or read.
    """
    return [_load(name, encoder, language_model, device) for name in dict.fromkeys(names)]


def _load(name: str, encoder: EncoderIdentity, language_model: str | None, device: str) -> Tagger:
    from .shipped import gender_tagger, noise_tagger

    if name == "noise":
        return noise_tagger()
    if name == "gender":
        return gender_tagger(encoder)
    if name == "language":
        from ..encoders.registry import choose_device
        from .language import LanguageTagger
        from .language_folder import DEFAULT

        there = "cpu" if device == OPENVINO else choose_device(device)
        return LanguageTagger(language_model or DEFAULT, there)
    raise UsageError(f"expected a tag of {', '.join(TAG_NAMES)}, got {name!r}")
