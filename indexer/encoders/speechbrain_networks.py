"""SpeechBrain's own front end and networks, for batches of equal length."""

from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
from speechbrain.lobes.models.Xvector import Xvector
from torch import Tensor, nn

from ...errors import EncoderError
from .ecapa_tdnn import EqualLengthPooling
from .fourier import ConvolutionStft
from .speechbrain_recipe import HYPERPARAMETERS, Part, Recipe
from .weights import BUILD_ERRORS, first_line, load_into, read_weights

ACTIVATIONS = {"torch.nn.ReLU": nn.ReLU, "torch.nn.LeakyReLU": nn.LeakyReLU}


class Normalize(nn.Module):
    """SpeechBrain's normalisation by sentence: the mean of each band removed, over the frames.

    With `deviation` each band is also divided by its standard deviation.
    """

    def __init__(self, deviation: bool) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, frames, bands), normalised."""
        features = features - features.mean(dim=1, keepdim=True)
        if not self.deviation:
            return features
        return features / features.square().mean(dim=1, keepdim=True).sqrt().clamp(min=1e-10)


class StatisticsPooling(nn.Module):
    """Mean and deviation over the frames: SpeechBrain's pooling of x-vectors without its noise.

    SpeechBrain adds random numbers below 1e-4 to the mean, in training and after it, so that one
    recording never has one embedding.
    """

    def forward(self, frames: Tensor) -> Tensor:
        """Frames (batch, frames, channels) to (batch, 1, 2 · channels)."""
        frames = frames.float()
        return torch.cat([frames.mean(dim=1), frames.std(dim=1) + 1e-5], dim=1)[:, None]


def front_end(recipe: Recipe, folder: Path) -> nn.Sequential:
    """Waveforms (batch, samples) to normalised features (batch, frames, bands)."""
    try:
        return nn.Sequential(Fbank(**recipe.filter_bank), Normalize(recipe.deviation))
    except BUILD_ERRORS as error:
        raise _unfit("a filter bank", folder, error) from error


def exportable_front_end(recipe: Recipe, folder: Path) -> nn.Sequential:
    """The same numbers as `front_end`, of operators that ONNX has."""
    front = front_end(recipe, folder)
    stft: Any = front[0].compute_STFT
    front[0].compute_STFT = ConvolutionStft(stft.window, stft.n_fft, stft.hop_length)
    return front


def load_network(recipe: Recipe | Part, folder: Path, weights: str) -> nn.Module:
    """A network of a folder with the weights of the file named: float32, in evaluation mode."""
    module, name = recipe.network.rsplit(".", 1)
    options = {key: _activation(value) for key, value in recipe.options.items()}
    try:
        with torch.device("meta"):
            network: nn.Module = getattr(import_module(module), name)(**options)
    except BUILD_ERRORS as error:
        raise _unfit(f"the options of {name}", folder, error) from error
    path = folder / weights
    return _without_masks(load_into(network, read_weights(path), path))


def _activation(value: Any) -> Any:
    """An option, or the activation that it names."""
    return ACTIVATIONS.get(value, value) if isinstance(value, str) else value


def _without_masks(network: nn.Module) -> nn.Module:
    """Put pooling in place that needs no masks, since nothing here is padded."""
    if isinstance(network, ECAPA_TDNN):
        network.asp = EqualLengthPooling.like(network.asp)
    if isinstance(network, Xvector):
        network.blocks[-2] = StatisticsPooling()
    return network


def _unfit(what: str, folder: Path, error: Exception) -> EncoderError:
    return EncoderError(
        f"expected {what} in {folder / HYPERPARAMETERS}, got {first_line(error)};"
        " copy the folder again"
    )
