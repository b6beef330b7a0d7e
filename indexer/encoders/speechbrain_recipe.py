"""What SpeechBrain's `hyperparams.yaml` says of an encoder, read as plain data.

The file's own language can call any function. Here its tags `!new:`, `!name:` and `!ref` are kept
as text, every other is refused, and of what the file names only known classes are used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import EncoderError
from .base import SAMPLE_RATE_HZ
from .weights import READ_ERRORS, first_line

HYPERPARAMETERS = "hyperparams.yaml"
FBANK = "speechbrain.lobes.features.Fbank"
NORMALIZATION = "speechbrain.processing.features.InputNormalization"
DIMENSIONS = {
    "speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN": 192,
    "speechbrain.lobes.models.Xvector.Xvector": 512,
    "speechbrain.lobes.models.ResNet.ResNet": 256,
}
FBANK_OPTIONS = {
    *("n_mels", "n_fft", "win_length", "hop_length", "f_min", "f_max", "filter_shape"),
    *("sample_rate", "deltas", "context", "left_frames", "right_frames"),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parts of an encoder: the path of the network's class, and the options of each part.

    A class among the options, such as an activation, is its path after `!name:`. `deviation` tells
    whether features are divided by their standard deviation once their mean is removed.
    """

    network: str
    options: dict[str, Any]
    filter_bank: dict[str, Any]
    deviation: bool

    @property
    def dimension(self) -> int:
        """The dimension of an embedding; ValueError where it is no positive number."""
        dimension = self.options.get("lin_neurons", DIMENSIONS[self.network])
        if not isinstance(dimension, int) or dimension < 1:
            raise ValueError(f"lin_neurons {dimension!r}")
        return dimension


@dataclass(frozen=True, slots=True)
class Part:
    """One of the `modules` of a folder: the path of its class, and its options."""

    network: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag without its `!`, and the plain value that it stands before."""

    tag: str
    value: Any


def read_recipe(folder: Path) -> Recipe:
    """The parts that the `hyperparams.yaml` of a folder describes.

    Raises
    ------
    EncoderError
        It is missing, not YAML, calls functions, or describes other parts than are known here.
    """
    path = folder / HYPERPARAMETERS
    document = _read_plain(path)
    try:
        recipe = _recipe(document)
        recipe.dimension  # noqa: B018 - it raises where there is none
    except ValueError as error:
        raise EncoderError(
            f"expected an ECAPA-TDNN, x-vector or ResNet of SpeechBrain in {path}, got {error}"
        ) from error
    return recipe


def read_part(folder: Path, name: str, network: str) -> Part:
    """One more of the `modules` that the `hyperparams.yaml` of a folder describes.

    Parameters
    ----------
    folder : a folder that `read_recipe` reads
    name : the name among the modules, such as `classifier`
    network : the path of the one class that it may be of

    Raises
    ------
    EncoderError
        The file is not YAML, calls functions, or describes another class there.
    """
    path = folder / HYPERPARAMETERS
    try:
        return Part(*_part(_read_plain(path), name, [network]))
    except ValueError as error:
        raise EncoderError(f"expected the {name} {network} in {path}, got {error}") from error


def _recipe(document: dict[str, Any]) -> Recipe:
    _, filter_bank = _part(document, "compute_features", [FBANK])
    _, normalization = _part(document, "mean_var_norm", [NORMALIZATION])
    network, options = _part(document, "embedding_model", list(DIMENSIONS))
    if filter_bank.get("sample_rate", SAMPLE_RATE_HZ) != SAMPLE_RATE_HZ:
        raise ValueError(f"sample_rate {filter_bank['sample_rate']} instead of {SAMPLE_RATE_HZ}")
    if others := {name for name, value in filter_bank.items() if value} - FBANK_OPTIONS:
        raise ValueError(f"{', '.join(sorted(map(str, others)))} of the filter bank")
    if normalization.get("norm_type") != "sentence":
        raise ValueError(f"norm_type {normalization.get('norm_type')!r} instead of 'sentence'")
    bank = {name: value for name, value in filter_bank.items() if name in FBANK_OPTIONS}
    return Recipe(network, options, bank, bool(normalization.get("std_norm", True)))


def _part(document: dict[str, Any], name: str, classes: list[str]) -> tuple[str, dict[str, Any]]:
    """The class and the options of one of the `modules`."""
    modules = document.get("modules")
    part = _resolve(modules.get(name) if isinstance(modules, dict) else None, document)
    if not isinstance(part, Tagged) or part.tag.removeprefix("new:") not in classes:
        found = f"!{part.tag}" if isinstance(part, Tagged) else repr(part)
        raise ValueError(f"{found[:80]} as {name} among the modules")
    options = part.value or {}
    if not isinstance(options, Mapping):
        raise ValueError(f"options without names of {name}")
    plain = {key: _plain(value, document) for key, value in options.items() if key != "device"}
    return part.tag.removeprefix("new:"), plain


def _plain(value: Any, document: dict[str, Any]) -> Any:
    """A plain value or a list of them, references followed; a class by its path."""
    value = _resolve(value, document)
    if isinstance(value, list):
        value = [_resolve(item, document) for item in value]
    for item in value if isinstance(value, list) else [value]:
        named = isinstance(item, Tagged) and item.tag.startswith("name:") and not item.value
        if not named and isinstance(item, Tagged | Mapping | list):
            raise ValueError(f"an option that is a {type(item).__name__.lower()}")
    return value.tag.removeprefix("name:") if isinstance(value, Tagged) else value


def _resolve(value: Any, document: dict[str, Any]) -> Any:
    """Follow references `<name>` to what stands at the top of the document, cycles to an end."""
    for _ in document:
        if not (isinstance(value, str) and value.startswith("<") and value.endswith(">")):
            break
        value = document.get(value[1:-1])
    return value


def _read_plain(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.load(path.read_text("utf-8"), Loader=_plain_loader())  # noqa: S506
        if not isinstance(document, dict):
            raise TypeError(f"a {type(document).__name__}")
    except (*READ_ERRORS, yaml.YAMLError) as error:
        raise EncoderError(
            f"expected a readable {path}, got {first_line(error)};"
            " pass the folder of a SpeechBrain encoder"
        ) from error
    return document


def _plain_loader() -> Any:
    """A YAML loader that keeps `!new:`, `!name:` and `!ref` as data, and refuses other tags."""
    import yaml

    class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
        pass

    def plain(loader: Any, tag: str, node: Any) -> Any:
        if tag.split(":")[0] not in ("new", "name", "ref"):
            raise yaml.YAMLError(f"'!{tag}', which would run code")
        if isinstance(node, yaml.MappingNode):
            return Tagged(tag, loader.construct_mapping(node, deep=True))
        if isinstance(node, yaml.SequenceNode):
            return Tagged(tag, loader.construct_sequence(node, deep=True))
        return node.value if tag == "ref" else Tagged(tag, node.value)

    PlainLoader.add_multi_constructor("!", plain)
    return PlainLoader
