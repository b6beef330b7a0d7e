"""Networks to train further: from a trained folder, SpeechBrain or NeMo."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EncoderError
from ..encoders import hub, native, nemo, speechbrain

if TYPE_CHECKING:
    from torch import Tensor

    from ..encoders.trainable.base import Trainable


@dataclass(frozen=True, slots=True)
class Initial:
    """A trained network: its name, its sizes and its weights."""

    name: str
    config: "Trainable"
    weights: "dict[str, Tensor]"


def load_initial(model: str) -> Initial:
    """A network by the name or path that `--model` takes, so that it embeds as the original does.

    Raises
    ------
    EncoderError
        It cannot be read, or is of a kind that is not trained here.
    """
    path = Path(model)
    if model == native.COMPACT or native.recognises(path):
        return _trained(native.SHIPPED if model == native.COMPACT else path)
    if model in nemo.PUBLISHED or nemo.recognises(path):
        from ..encoders.trainable.nemo import from_file

        file = nemo.PUBLISHED[model].source.fetch() if model in nemo.PUBLISHED else path
        return Initial(model, *from_file(file))
    if model in speechbrain.ON_HUB or speechbrain.recognises(path):
        from ..encoders.trainable.speechbrain import from_folder

        return Initial(model, *from_folder(_speechbrain_folder(model), speechbrain.WEIGHTS))
    raise EncoderError(
        "expected compact, ecapa, a name of NeMo's, a .nemo file or the folder of a trained"
        f" encoder or of SpeechBrain to start from, got {model!r}; see `spkret models`"
    )


def _trained(folder: Path) -> Initial:
    config = native.read_config(folder)
    weights = native.load_network(folder).network.state_dict()
    return Initial(config["name"], native.network_config(config), weights)


def _speechbrain_folder(model: str) -> Path:
    if Path(model).exists():
        return Path(model)
    known = speechbrain.ON_HUB.get(model)
    return hub.fetch(known.repository if known else model, speechbrain.FILES)
