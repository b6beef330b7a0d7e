"""The options that shape an embedding beside its encoder."""

import hashlib
import re
from dataclasses import dataclass, replace

from ..errors import UsageError
from ..store.schema import EncoderIdentity
from .encoders.base import Encoder

MAX_CROPS = 100
_NAME = re.compile(
    r"(?P<encoder>.+?)(?P<denoise>\+denoise)?(?P<vad>\+vad)?(?:\+crops(?P<crops>[1-9]\d?|100))?"
)


@dataclass(frozen=True, slots=True)
class Extraction:
    """What is done to a recording before it is embedded.

    A store is bound to an encoder *and* these: they are mixed into the fingerprint and shown in the
    name it keeps (`compact+denoise+vad+crops3`), so that a recording that is embedded later gets
    the same treatment.

    Parameters
    ----------
    crops : embed so many crops beside the whole, and average the unit vectors
    vad : embed speech only
    denoise : turn noise down first

    Raises
    ------
    UsageError
        `crops` is not within 0 and `MAX_CROPS`.
    """

    crops: int = 0
    vad: bool = False
    denoise: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.crops <= MAX_CROPS:
            raise UsageError(f"expected 0 to {MAX_CROPS} crops, got {self.crops}")

    def __bool__(self) -> bool:
        return self != Extraction()

    def identity(self, encoder: EncoderIdentity) -> EncoderIdentity:
        """Return what a store is bound to: the encoder itself if no option is set.

        Raises
        ------
        OptionalDependencyError
            The package that an option needs is not installed.
        """
        if not self:
            return encoder
        shape = "\n".join([encoder.fingerprint, *self._recipes()])
        fingerprint = hashlib.blake2b(shape.encode(), digest_size=16).hexdigest()
        return replace(encoder, name=f"{encoder.name}{self.suffix}", fingerprint=fingerprint)

    @property
    def suffix(self) -> str:
        """The options as a name shows them, in the order in which they are applied."""
        parts = ("+denoise" * self.denoise, "+vad" * self.vad)
        return "".join(parts) + (f"+crops{self.crops}" if self.crops else "")

    def _recipes(self) -> list[str]:
        from . import crops, denoise, vad

        recipes = [denoise.recipe()] if self.denoise else []
        recipes += [vad.recipe()] if self.vad else []
        return recipes + ([crops.recipe(self.crops)] if self.crops else [])


@dataclass(frozen=True, slots=True)
class Extractor:
    """An encoder with the options that go with it."""

    encoder: Encoder
    options: Extraction

    @property
    def identity(self) -> EncoderIdentity:
        """What a store is bound to, see `Extraction.identity`."""
        return self.options.identity(self.encoder.identity)


@dataclass(frozen=True, slots=True)
class NamedExtraction:
    """The name that a store keeps, taken apart: that of the encoder, and the options."""

    encoder: str
    options: Extraction


def parse(name: str) -> NamedExtraction:
    """Take apart what `Extraction.identity` named."""
    match = _NAME.fullmatch(name)
    if match is None:
        return NamedExtraction(name, Extraction())
    options = Extraction(int(match["crops"] or 0), bool(match["vad"]), bool(match["denoise"]))
    return NamedExtraction(match["encoder"], options)
