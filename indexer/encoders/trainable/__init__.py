"""The networks that `spkret train-encoder` trains and writes, and that a trained folder holds."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ....errors import EncoderError

if TYPE_CHECKING:
    from .base import Trainable

FAMILIES = {
    "ecapa-tdnn": "..ecapa_tdnn",
    "ecapa-fused": ".fused",
    "speechbrain-ecapa": ".speechbrain",
    "nemo": ".nemo",
}
"""Each family's module, which has a function `from_plain`."""


def read(network: Mapping[str, Any]) -> "Trainable":
    """The network that `network` of a trained folder's configuration describes.

    Folders written before there were families hold an `ecapa-tdnn`.

    Raises
    ------
    EncoderError
        The family is unknown, or its sizes are not those of that family.
    """
    try:
        sizes = dict(network)
        family = sizes.pop("family", "ecapa-tdnn")
        if family not in FAMILIES:
            raise ValueError(f"the family {family!r} instead of {', '.join(FAMILIES)}")
        config: Trainable = import_module(FAMILIES[family], __name__).from_plain(sizes)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EncoderError(
            f"expected the sizes of a trained network, got {error};"
            " use the spkret version that wrote the folder"
        ) from error
    return config
