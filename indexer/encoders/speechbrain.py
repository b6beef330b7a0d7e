"""SpeechBrain speaker encoders, from a local folder or, once, from Hugging Face.

The folder's `hyperparams.yaml` is read as plain data and never as code: of all that it may name,
only the sizes of an ECAPA-TDNN and of its filter bank are used.
"""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import EncoderError
from ...store.schema import EncoderIdentity
from .base import Embeddings, Encoder, ModelInfo, Waveforms

if TYPE_CHECKING:
    import torch

HYPERPARAMETERS, WEIGHTS = "hyperparams.yaml", "embedding_model.ckpt"
CLASS = "!new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN"
SIZES = (
    "input_size",
    "channels",
    "kernel_sizes",
    "dilations",
    "attention_channels",
    "lin_neurons",
    "groups",
    "res2net_scale",
    "se_channels",
    "global_context",
)
HUB_ECAPA = "speechbrain/spkrec-ecapa-voxceleb"


def models() -> list[ModelInfo]:
    """SpeechBrain's encoders on Hugging Face."""
    source = f"Hugging Face {HUB_ECAPA}, EER on VoxCeleb1-O cleaned"
    return [ModelInfo("ecapa", 192, 83.3, "Apache-2.0", 0.90, source, is_cached(HUB_ECAPA))]


def load_named(name: str, device: str) -> Encoder:
    """Load one of `models`, downloading it once."""
    return SpeechBrainEncoder(fetch(HUB_ECAPA), device, name)


def recognises(path: Path) -> bool:
    """Whether a folder holds SpeechBrain hyperparameters."""
    return (path / HYPERPARAMETERS).exists()


def load_path(path: Path, device: str) -> Encoder:
    """Load a SpeechBrain folder."""
    return SpeechBrainEncoder(path, device)


class SpeechBrainEncoder(Encoder):
    """An ECAPA-TDNN in SpeechBrain's own format, with SpeechBrain's own front end."""

    def __init__(self, folder: Path, device: str = "cpu", name: str | None = None) -> None:
        self._sizes = read_sizes(folder)
        self._folder, self._device = folder, device
        self.identity = EncoderIdentity(
            name or folder.resolve().name, _fingerprint(folder), int(self._sizes["lin_neurons"])
        )

    @cached_property
    def _modules(self) -> "torch.nn.Sequential":
        import torch

        return torch.nn.Sequential(_front_end(self._sizes["input_size"]), self._network()).to(
            self._device
        )

    def _network(self) -> "torch.nn.Module":
        import pickle

        import torch
        from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

        try:
            network: torch.nn.Module = ECAPA_TDNN(**self._sizes)
            weights = torch.load(self._folder / WEIGHTS, map_location="cpu", weights_only=True)
            network.load_state_dict(weights)
        except (OSError, RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise EncoderError(
                f"expected the ECAPA-TDNN weights of {HYPERPARAMETERS} in"
                f" {self._folder / WEIGHTS}, got {str(error).splitlines()[0]};"
                " copy the folder again"
            ) from error
        return network.eval()

    def encode_equal(self, waveforms: Waveforms) -> Embeddings:
        """Embed waveforms float32 (batch, samples) of one length."""
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(waveforms)).to(self._device)
        with torch.inference_mode():
            embeddings = self._modules(batch).squeeze(1)
        return np.asarray(embeddings.float().cpu().numpy())

    def torch_module(self) -> "torch.nn.Module":
        """The folder as a torch module, for an export: the same numbers from exportable layers."""
        import torch

        from .ecapa_tdnn import EqualLengthPooling
        from .fourier import ConvolutionStft

        front_end, network = _front_end(self._sizes["input_size"]), self._network()
        stft: Any = front_end[0].compute_STFT
        front_end[0].compute_STFT = ConvolutionStft(stft.window, stft.n_fft, stft.hop_length)
        network.asp = EqualLengthPooling.like(network.asp)
        return torch.nn.Sequential(front_end, network, torch.nn.Flatten()).eval()


def fetch(repository: str) -> Path:
    """The local folder of a Hugging Face repository: the cached one, else downloaded once.

    Raises
    ------
    EncoderError
        It is not cached and cannot be downloaded.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    files = [HYPERPARAMETERS, WEIGHTS]
    try:
        folder = Path(snapshot_download(repository, allow_patterns=files, local_files_only=True))
        if all((folder / name).exists() for name in files):
            return folder
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(snapshot_download(repository, allow_patterns=files))
    except Exception as error:  # the hub client raises many unrelated types
        raise EncoderError(
            f"expected {repository} in the Hugging Face cache or on the network, got"
            f" {type(error).__name__}; connect once, or pass a local folder to --model"
        ) from error


def is_cached(repository: str) -> bool:
    """Whether the weights of a repository are in the local Hugging Face cache."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repository, WEIGHTS), str)


def read_sizes(folder: Path) -> dict[str, Any]:
    """The sizes of the ECAPA-TDNN that a folder's `hyperparams.yaml` describes.

    Raises
    ------
    EncoderError
        It is missing, not YAML, applies functions, or describes another network.
    """
    import yaml

    path = folder / HYPERPARAMETERS
    try:
        document = yaml.load(path.read_text(), Loader=_plain_loader())  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise EncoderError(
            f"expected a readable {path}, got {str(error).splitlines()[0]};"
            " pass the folder of a SpeechBrain ECAPA-TDNN"
        ) from error
    found = [value for value in _mappings(document) if value.get("") == CLASS]
    if len(found) != 1:
        raise EncoderError(
            f"expected one {CLASS} in {path}, got {len(found)};"
            " only SpeechBrain's ECAPA-TDNN is read"
        )
    sizes = {key: _resolve(found[0][key], document) for key in SIZES if key in found[0]}
    if not {"input_size", "lin_neurons"} <= sizes.keys():
        raise EncoderError(f"expected input_size and lin_neurons of the network in {path}")
    return sizes


def _plain_loader() -> Any:
    """A YAML loader that keeps `!new:` and `!ref` as data and refuses every other local tag."""
    import yaml

    class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
        pass

    def plain(loader: Any, tag: str, node: Any) -> Any:
        if tag.split(":")[0] not in ("new", "name", "ref"):
            raise yaml.YAMLError(f"'!{tag}', which would run code")
        if isinstance(node, yaml.MappingNode):
            return {"": f"!{tag}", **loader.construct_mapping(node, deep=True)}
        return node.value

    PlainLoader.add_multi_constructor("!", plain)
    return PlainLoader


def _mappings(document: Any) -> list[dict[str, Any]]:
    return (
        [v for v in document.values() if isinstance(v, dict)] if isinstance(document, dict) else []
    )


def _resolve(value: Any, document: dict[str, Any]) -> Any:
    """Follow one `<name>` reference to a plain value at the top of the document."""
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return document.get(value[1:-1])
    return value


def _fingerprint(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in (HYPERPARAMETERS, WEIGHTS):
        try:
            digest.update((folder / name).read_bytes())
        except OSError as error:
            raise EncoderError(f"expected {folder / name}, got {error.strerror}") from error
    return digest.hexdigest()


def _front_end(mels: int) -> "torch.nn.Sequential":
    """SpeechBrain's filter bank, then each band's mean over the utterance removed."""
    import torch
    from speechbrain.lobes.features import Fbank

    class RemoveMean(torch.nn.Module):
        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return features - features.mean(dim=1, keepdim=True)

    return torch.nn.Sequential(Fbank(n_mels=mels), RemoveMean())
