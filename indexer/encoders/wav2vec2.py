"""wav2vec 2.0 and WavLM from a folder in the Hugging Face format, as torchaudio's modules.

Of a folder the configuration is read as JSON and the weights as tensors alone; `transformers` is
not needed.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import EncoderError
from .weights import BUILD_ERRORS, first_line, load_into, read_weights

if TYPE_CHECKING:
    from torch import Tensor
    from torchaudio.models import Wav2Vec2Model

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
KINDS = ("wav2vec2", "wavlm")
ONLY = {"hidden_act": "gelu", "feat_extract_activation": "gelu", "layer_norm_eps": 1e-5}
NO_DROPOUT = dict.fromkeys(
    (
        "encoder_projection_dropout",
        "encoder_attention_dropout",
        "encoder_ff_interm_dropout",
        "encoder_dropout",
        "encoder_layer_drop",
    ),
    0.0,
)
RENAMED = (
    (r"^feature_projection\.", "encoder.feature_projection."),
    (r"^encoder\.(?!feature_projection\.)", "encoder.transformer."),
    (
        r"\.pos_conv_embed\.conv\.weight_g$",
        ".pos_conv_embed.conv.parametrizations.weight.original0",
    ),
    (
        r"\.pos_conv_embed\.conv\.weight_v$",
        ".pos_conv_embed.conv.parametrizations.weight.original1",
    ),
)


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a wav2vec 2.0 or WavLM folder.

    Raises
    ------
    EncoderError
        It cannot be read, is of another kind of model, or has layers that are not known here.
    """
    config = _read_json(folder / CONFIG)
    if config.get("model_type") not in KINDS:
        raise EncoderError(
            f"expected model_type {' or '.join(KINDS)} in {folder / CONFIG},"
            f" got {config.get('model_type')!r}"
        )
    for name, value in ONLY.items():
        if config.get(name, value) != value:
            raise EncoderError(
                f"expected {name} {value} in {folder / CONFIG}, got {config[name]!r};"
                " other layers are not supported"
            )
    return config


def normalises(folder: Path) -> bool:
    """Whether the model expects waveforms of zero mean and unit variance.

    As in `transformers`, it does unless the preprocessor's configuration says otherwise.
    """
    path = folder / PREPROCESSOR
    return not path.exists() or bool(_read_json(path).get("do_normalize", True))


def weights_file(folder: Path) -> Path:
    """The file of a folder's weights; EncoderError where there is none."""
    for name in WEIGHTS:
        if (folder / name).exists():
            return folder / name
    raise EncoderError(f"expected {' or '.join(WEIGHTS)} in {folder}, found neither; copy it again")


def load_network(folder: Path) -> "Wav2Vec2Model":
    """The network of a folder: float32, in evaluation mode, on the CPU.

    Raises
    ------
    EncoderError
        The configuration makes no network, or the weights are not its own.
    """
    import torch

    config, path = read_config(folder), weights_file(folder)
    weights = read_weights(path)
    try:
        states = _states(weights, config["model_type"])
        if config["num_hidden_layers"] != (depth := _depth(states)):
            raise ValueError(f"{config['num_hidden_layers']} layers, the weights have {depth}")
        with torch.device("meta"):
            network = _build(config)
    except BUILD_ERRORS as error:
        raise EncoderError(
            f"expected a {config['model_type']} network in {folder}, got {first_line(error)};"
            " copy the folder again"
        ) from error
    return load_into(network, states, path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(
            f"expected readable JSON in {path}, got {first_line(error)}; copy it again"
        ) from error
    if not isinstance(content, dict):
        raise EncoderError(f"expected a JSON object in {path}, got a {type(content).__name__}")
    return content


def _build(config: Mapping[str, Any]) -> "Wav2Vec2Model":
    """The network that a configuration describes, untrained.

    torchaudio takes the place of the encoder's layer norm by its `layer_norm_first`, which is the
    "stable" variant of Hugging Face.
    """
    from torchaudio.models import wav2vec2_model, wavlm_model

    convolutions = zip(
        config["conv_dim"], config["conv_kernel"], config["conv_stride"], strict=True
    )
    sizes = {
        "extractor_mode": f"{config['feat_extract_norm']}_norm",
        "extractor_conv_layer_config": list(convolutions),
        "extractor_conv_bias": config["conv_bias"],
        "encoder_embed_dim": config["hidden_size"],
        "encoder_pos_conv_kernel": config["num_conv_pos_embeddings"],
        "encoder_pos_conv_groups": config["num_conv_pos_embedding_groups"],
        "encoder_num_layers": config["num_hidden_layers"],
        "encoder_num_heads": config["num_attention_heads"],
        "encoder_ff_interm_features": config["intermediate_size"],
        "encoder_layer_norm_first": config["do_stable_layer_norm"],
        "aux_num_out": None,
        **NO_DROPOUT,
    }
    if config["model_type"] == "wav2vec2":
        return wav2vec2_model(**sizes)
    return wavlm_model(
        **sizes,
        encoder_num_buckets=config["num_buckets"],
        encoder_max_distance=config["max_bucket_distance"],
    )


def _states(weights: Mapping[str, "Tensor"], kind: str) -> dict[str, "Tensor"]:
    """Weights by torchaudio's names, of the encoder alone.

    A checkpoint for a task has the encoder under the model's name, beside the task's own layers.
    """
    prefix = f"{kind}."
    if any(name.startswith(prefix) for name in weights):
        weights = {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}
    inner = ("feature_extractor.", "feature_projection.", "encoder.")
    states = {_renamed(name): w for name, w in weights.items() if name.startswith(inner)}
    return _join_projections(states) if kind == "wavlm" else states


def _renamed(name: str) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)
    return name


def _join_projections(states: dict[str, "Tensor"]) -> dict[str, "Tensor"]:
    """Query, key and value projections in one tensor, as torchaudio's WavLM has them."""
    import torch

    for end in ("weight", "bias"):
        for name in [n for n in states if n.endswith(f".attention.q_proj.{end}")]:
            layer = name.removesuffix(f"q_proj.{end}")
            parts = [states.pop(f"{layer}{part}_proj.{end}", None) for part in "qkv"]
            found = [part for part in parts if part is not None]
            states[f"{layer}attention.in_proj_{end}"] = torch.cat(found)
            if f"{layer}out_proj.{end}" in states:
                joined = states.pop(f"{layer}out_proj.{end}")
                states[f"{layer}attention.out_proj.{end}"] = joined
    return states


def _depth(states: Mapping[str, "Tensor"]) -> int:
    """How many transformer layers the weights are of."""
    layers = (re.match(r"encoder\.transformer\.layers\.(\d+)\.", name) for name in states)
    return len({layer[1] for layer in layers if layer})
