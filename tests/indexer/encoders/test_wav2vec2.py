"""Hidden states equal those of `transformers`, and damaged folders say so in one line."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from safetensors.torch import load_file, save_file

from spkret.errors import EncoderError
from spkret.indexer.encoders import wav2vec2
from spkret.indexer.encoders.selfsupervised import standardise

SSL = Path(__file__).parents[2] / "data" / "ssl"
MODELS = ["wav2vec2-base", "wav2vec2-large", "wavlm-base", "wavlm-large"]


def waveform() -> torch.Tensor:
    """The waveform of `make.py` beside the folders."""
    noise = np.random.default_rng(0).standard_normal(16_000)
    return torch.from_numpy((0.1 * noise + 0.02).astype(np.float32))[None]


def hidden_states(folder: Path) -> np.ndarray[Any, Any]:
    wave = standardise(waveform()) if wav2vec2.normalises(folder) else waveform()
    with torch.inference_mode():
        states, _ = wav2vec2.load_network(folder).extract_features(wave)
    return torch.cat(states).numpy()


def copied(tmp_path: Path, name: str = "wav2vec2-base") -> Path:
    return Path(shutil.copytree(SSL / name, tmp_path / name))


@pytest.mark.parametrize("name", MODELS)
def test_hidden_states_equal_those_of_transformers(name: str) -> None:
    assert_allclose(hidden_states(SSL / name), np.load(SSL / name / "hidden.npy"), atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_with_the_old_names_gives_the_same(tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path, name)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    for new, old in (("original0", "weight_g"), ("original1", "weight_v")):
        weights = {k.replace(f"parametrizations.weight.{new}", old): w for k, w in weights.items()}
    torch.save(weights, folder / "pytorch_model.bin")
    assert_allclose(hidden_states(folder), np.load(folder / "hidden.npy"), atol=1e-4)


def test_weights_in_half_precision_are_computed_in_float32(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file({k: w.half() for k, w in weights.items()}, folder / "model.safetensors")
    network = wav2vec2.load_network(folder)
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}
    assert_allclose(hidden_states(folder), np.load(folder / "hidden.npy"), atol=0.1)


def test_normalisation_is_the_default_without_a_preprocessor(tmp_path: Path) -> None:
    folder = copied(tmp_path, "wavlm-base")
    assert not wav2vec2.normalises(folder)
    (folder / "preprocessor_config.json").unlink()
    assert wav2vec2.normalises(folder)


def configured(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | changes))

    return change


def weighted(change: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[Path], None]:
    def change_file(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors")

    return change_file


def truncated(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


def emptied(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


LAST = "wav2vec2.encoder.layer_norm.bias"
QUERY = "encoder.layers.1.attention.q_proj.weight"


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("wav2vec2-base", configured(model_type="bert"), "model_type wav2vec2 or wavlm"),
        ("wav2vec2-base", configured(hidden_act="relu"), "hidden_act gelu"),
        ("wav2vec2-base", configured(layer_norm_eps=1e-3), "layer_norm_eps"),
        ("wav2vec2-base", configured(hidden_size=32), "size mismatch"),
        ("wav2vec2-base", configured(hidden_size=10**15), "got"),
        ("wav2vec2-base", configured(hidden_size="16"), "got"),
        ("wav2vec2-base", configured(num_hidden_layers=10**9), "the weights have 4"),
        ("wav2vec2-base", configured(num_attention_heads=0), "division"),
        ("wav2vec2-base", configured(feat_extract_norm="none"), "norm mode"),
        ("wav2vec2-base", configured(conv_stride=[5, 2]), "got"),
        ("wavlm-base", configured(num_attention_heads=3), "divisible"),
        ("wavlm-base", configured(num_buckets=8), "size mismatch"),
        ("wav2vec2-base", weighted(lambda w: w.pop(LAST)), "layer_norm.bias"),
        ("wav2vec2-base", weighted(lambda w: w.clear()), "the weights have 0"),
        ("wavlm-base", weighted(lambda w: w.update({QUERY: torch.ones(3, 5)})), "Sizes"),
        ("wavlm-base", weighted(lambda w: w.pop(QUERY)), "in_proj_weight"),
        ("wav2vec2-base", truncated, r"model\.safetensors"),
        ("wav2vec2-base", emptied, r"pytorch_model\.bin"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(
    tmp_path: Path, name: str, damage: Callable[[Path], None], says: str
) -> None:
    folder = copied(tmp_path, name)
    damage(folder)
    with pytest.raises(EncoderError, match=says) as error:
        wav2vec2.load_network(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["[1]", "{", "[" * 100_000, "\ud800"])
def test_a_configuration_that_is_no_json_object_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(EncoderError, match="JSON") as error:
        wav2vec2.read_config(tmp_path)
    assert "\n" not in str(error.value)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        import os

        return os.system, ("touch owned",)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int, zipped: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = copied(tmp_path)
    emptied(folder)
    path = folder / "pytorch_model.bin"
    if zipped:
        torch.save({"encoder.x": Bomb()}, path, pickle_protocol=protocol)
    else:
        path.write_bytes(pickle.dumps(Bomb(), protocol=protocol))
    with pytest.raises(EncoderError, match=r"pytorch_model\.bin") as error:
        wav2vec2.load_network(folder)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "owned").exists()
    pickle.loads(pickle.dumps(Bomb()))  # noqa: S301 - the same bomb does go off where it is trusted
    assert (tmp_path / "owned").exists()


@pytest.mark.parametrize("content", [torch.ones(3), [1, 2], {"encoder.x": 1}, {1: torch.ones(2)}])
def test_a_checkpoint_of_other_things_is_refused(tmp_path: Path, content: object) -> None:
    folder = copied(tmp_path)
    emptied(folder)
    torch.save(content, folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="tensors by name"):
        wav2vec2.load_network(folder)
