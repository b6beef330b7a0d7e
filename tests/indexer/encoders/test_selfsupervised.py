"""Pooled self-supervised features: against plain NumPy, batched against single, by name."""

import json
import shutil
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from safetensors.torch import load_file

from spkret.errors import EncoderError
from spkret.indexer.encoders import hub, registry, selfsupervised, wav2vec2
from spkret.indexer.encoders.selfsupervised import SelfSupervisedEncoder

SSL = Path(__file__).parents[2] / "data" / "ssl"
MODELS = ["wav2vec2-base", "wav2vec2-large", "wavlm-base", "wavlm-large"]


def noise(
    rows: int, samples: int, seed: int = 0
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return 0.1 * np.random.default_rng(seed).standard_normal((rows, samples)).astype(np.float32)


@pytest.mark.parametrize("name", MODELS)
def test_an_embedding_is_mean_and_deviation_of_the_lower_layers(name: str) -> None:
    wave = noise(1, 16_000)
    prepared = torch.from_numpy(wave)
    if wav2vec2.normalises(SSL / name):
        prepared = (prepared - prepared.mean()) / (prepared.var(correction=0) + 1e-7).sqrt()
    with torch.inference_mode():
        states, _ = wav2vec2.load_network(SSL / name).extract_features(prepared)
    frames = ((states[0] + states[1]) / 2)[0].numpy()
    expected = np.concatenate([frames.mean(0), frames.std(0)])
    assert_allclose(SelfSupervisedEncoder(SSL / name).encode_equal(wave)[0], expected, atol=1e-5)


def test_pieces_are_pooled_as_one() -> None:
    encoder = SelfSupervisedEncoder(SSL / "wavlm-base")
    wave = noise(1, 96_000)
    pieces = encoder.encode_equal(wave.reshape(3, 32_000)).reshape(3, 2, 16)
    mean, deviation = pieces[:, 0], pieces[:, 1]
    total = np.sqrt((deviation**2 + mean**2).mean(0) - mean.mean(0) ** 2)
    whole = encoder.encode_equal(wave)[0]
    assert_allclose(whole, np.concatenate([mean.mean(0), total]), atol=1e-5)


@given(batch=st.integers(1, 3), samples=st.integers(400, 200_000))
def test_pieces_are_equal_in_order_and_short(batch: int, samples: int) -> None:
    waves = torch.arange(batch * samples).reshape(batch, samples)
    pieces = selfsupervised.cut(waves)
    count, size = pieces.shape[1:]
    assert size <= 32_000
    assert count == 1 or size > 15_000
    assert samples - count < count * size <= samples
    assert torch.equal(pieces.flatten(1), waves[:, : count * size])


@pytest.mark.parametrize("name", MODELS)
def test_a_mixed_batch_equals_one_by_one(name: str) -> None:
    encoder = SelfSupervisedEncoder(SSL / name)
    lengths = np.array([8_000, 960_000, 47_000, 160_000, 15_999])
    waves = noise(5, 960_000)
    together = encoder.encode(waves, lengths)
    for row, (wave, length) in enumerate(zip(waves, lengths, strict=True)):
        alone = encoder.encode(wave[None, :length], np.array([length]))[0]
        cosine = alone @ together[row] / np.linalg.norm(alone) / np.linalg.norm(together[row])
        assert cosine > 0.9999


def test_the_registry_loads_a_folder() -> None:
    encoder = registry.load(str(SSL / "wavlm-base"), device="cpu")
    assert (encoder.identity.name, encoder.identity.dimension) == ("wavlm-base", 32)
    assert np.isfinite(encoder.encode_equal(np.zeros((1, 4_000), np.float32))).all()


def test_a_cached_model_loads_by_name_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "models--microsoft--wavlm-base-plus"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    folder = shutil.copytree(SSL / "wavlm-base", repository / "snapshots" / "abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert not hub.is_cached("microsoft/wavlm-base-plus", ("config.json", "pytorch_model.bin"))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    monkeypatch.setattr("huggingface_hub.snapshot_download", None)
    encoder = registry.load("wavlm", device="cpu")
    assert (encoder.identity.name, encoder.identity.dimension) == ("wavlm", 32)
    assert {m.name: m.cached for m in selfsupervised.models()} == {"wav2vec2": False, "wavlm": True}


def test_a_model_that_is_nowhere_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(EncoderError, match="facebook/wav2vec2-base") as error:
        registry.load("wav2vec2", device="cpu")
    assert "\n" not in str(error.value)


def test_a_download_without_the_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    with pytest.raises(EncoderError, match=r"found no config\.json"):
        registry.load("wavlm", device="cpu")


def test_another_configuration_or_weight_is_another_encoder(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SSL / "wavlm-base", tmp_path / "one"))
    first = SelfSupervisedEncoder(folder).identity
    (folder / "preprocessor_config.json").write_text('{"do_normalize": true}')
    second = SelfSupervisedEncoder(folder).identity
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b" ")
    third = SelfSupervisedEncoder(folder).identity
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    assert not selfsupervised.recognises(tmp_path)
    for content in ("[]", "{}", '{"model_type": "bert"}', '{"model_type": ["wavlm"]}', "\x00"):
        (tmp_path / "config.json").write_text(content)
        assert not selfsupervised.recognises(tmp_path)


@pytest.mark.gpu
def test_half_precision_on_the_gpu_equals_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchaudio.models import wavlm_base

    torch.manual_seed(0)
    network = wavlm_base().eval()
    monkeypatch.setattr(wav2vec2, "load_network", lambda _: deepcopy(network))
    folder = Path(shutil.copytree(SSL / "wavlm-base", tmp_path / "base"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 768}))
    batch = noise(3, 72_000)
    cpu = SelfSupervisedEncoder(folder, "cpu").encode_equal(batch)
    gpu = SelfSupervisedEncoder(folder, "cuda").encode_equal(batch)
    cosines = (cpu * gpu).sum(1) / np.linalg.norm(cpu, axis=1) / np.linalg.norm(gpu, axis=1)
    assert cosines.min() >= 0.999
