"""SpeechBrain folders: SpeechBrain's own embeddings, and nothing of a folder is executed."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from encoder_folders import (
    HYPERPARAMS,
    XVECTOR,
    hyperparams_of,
    resnet_folder,
    speechbrain_folder,
    xvector_folder,
)
from numpy.testing import assert_allclose, assert_array_equal

from spkret.errors import EncoderError
from spkret.indexer.encoders import registry, speechbrain
from spkret.indexer.encoders.speechbrain import SpeechBrainEncoder
from spkret.indexer.encoders.speechbrain_recipe import NORMALIZATION

Batch = npt.NDArray[np.float32]
Builder = Callable[[Path], Path]
BUILDERS = [speechbrain_folder, xvector_folder, resnet_folder]


def waves(rows: int, samples: int) -> Batch:
    return 0.1 * np.random.default_rng(0).standard_normal((rows, samples)).astype(np.float32)


def reconfigured(folder: Path, old: str, new: str) -> Path:
    path = folder / "hyperparams.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return folder


def their_embeddings(folder: Path, waveforms: Batch) -> Batch:
    from speechbrain.inference.speaker import EncoderClassifier
    from speechbrain.utils.fetching import FetchConfig

    theirs = EncoderClassifier.from_hparams(
        str(folder),
        overrides={"pretrained_path": str(folder)},
        fetch_config=FetchConfig(allow_network=False),
    )
    embeddings = theirs.encode_batch(torch.from_numpy(waveforms)).detach()
    return np.asarray(embeddings.flatten(1).numpy())


@pytest.fixture
def _without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the random numbers out of SpeechBrain's pooling of x-vectors."""
    from speechbrain.nnet.pooling import StatisticsPooling

    def silence(self: object, shape: torch.Size, device: str) -> torch.Tensor:
        return torch.zeros(shape, device=device)

    monkeypatch.setattr(StatisticsPooling, "_get_gauss_noise", silence)


@pytest.mark.usefixtures("_without_noise")
@pytest.mark.parametrize("build", BUILDERS)
def test_embeddings_equal_speechbrains_encode_batch(tmp_path: Path, build: Builder) -> None:
    folder, batch = build(tmp_path / "sb"), waves(2, 24_000)
    expected = their_embeddings(folder, batch)
    assert_allclose(SpeechBrainEncoder(folder).encode_equal(batch), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.usefixtures("_without_noise")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("std_norm: False\nembedding_model", "std_norm: True\nembedding_model"),
        ("    std_norm: False\nembedding_model", "embedding_model"),
        ("    n_mels: !ref <n_mels>\n", "    n_mels: 20\n    f_min: 60\n    n_fft: 512\n"),
        ("    n_mels: !ref <n_mels>\n", "    n_mels: 4\n    context: True\n    left_frames: 2\n"
         "    right_frames: 2\n    deltas: !ref <off>\noff: False\n"),
        ("n_mels: 20\n", "n_mels: !ref <bands>\nbands: 20\n"),
        ("torch.nn.LeakyReLU", "torch.nn.ReLU"),
    ],
)  # fmt: skip
def test_options_of_the_front_end_are_those_of_the_yaml(tmp_path: Path, old: str, new: str) -> None:
    folder, batch = reconfigured(xvector_folder(tmp_path / "sb"), old, new), waves(2, 24_000)
    expected = their_embeddings(folder, batch)
    assert_allclose(SpeechBrainEncoder(folder).encode_equal(batch), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("build", BUILDERS)
def test_one_recording_has_one_embedding(tmp_path: Path, build: Builder) -> None:
    encoder = SpeechBrainEncoder(build(tmp_path / "sb"))
    assert_array_equal(
        encoder.encode_equal(waves(1, 16_000)), encoder.encode_equal(waves(1, 16_000))
    )


@pytest.mark.parametrize("build", BUILDERS)
def test_the_export_gives_the_same(tmp_path: Path, build: Builder) -> None:
    encoder, batch = SpeechBrainEncoder(build(tmp_path / "sb")), waves(2, 16_000)
    with torch.inference_mode():
        exported = encoder.torch_module()(torch.from_numpy(batch))
    assert_allclose(exported.numpy(), encoder.encode_equal(batch), atol=1e-4, rtol=1e-4)


def test_the_registry_loads_a_folder(tmp_path: Path) -> None:
    encoder = registry.load(str(speechbrain_folder(tmp_path / "mine")), device="cpu")
    assert (encoder.identity.name, encoder.identity.dimension) == ("mine", 24)


@pytest.mark.parametrize("build", BUILDERS)
def test_a_mixed_batch_equals_one_by_one(tmp_path: Path, build: Builder) -> None:
    encoder = SpeechBrainEncoder(build(tmp_path / "sb"))
    lengths = np.array([8_000, 47_000, 960_000, 160_000, 15_999])
    batch = waves(5, 960_000)
    together = encoder.encode(batch, lengths)
    for row, (wave, length) in enumerate(zip(batch, lengths, strict=True)):
        alone = encoder.encode(wave[None, :length], np.array([length]))[0]
        cosine = alone @ together[row] / np.linalg.norm(alone) / np.linalg.norm(together[row])
        assert cosine > 0.9999


@pytest.mark.parametrize("model", ["xvector", "speechbrain/spkrec-xvect-voxceleb"])
def test_a_cached_model_loads_by_name_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    repository = tmp_path / "models--speechbrain--spkrec-xvect-voxceleb"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    xvector_folder(repository / "snapshots" / "abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", None)
    encoder = registry.load(model, device="cpu")
    assert encoder.identity.name == model.split("/")[-1]
    assert encoder.encode_equal(waves(1, 8_000)).shape == (1, 24)
    cached = {known.name: known.cached for known in speechbrain.models()}
    assert cached == {"ecapa": False, "resnet": False, "xvector": True}


def test_a_folder_goes_before_a_repository_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    resnet_folder(Path("speechbrain/mine"))
    assert registry.load("speechbrain/mine", device="cpu").identity.name == "mine"


@pytest.mark.parametrize("name", ["speechbrain/none", "speechbrain/a..b", "speechbrain/-"])
def test_a_repository_that_is_nowhere_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(EncoderError, match=name) as error:
        registry.load(name, device="cpu")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "line",
    [
        "x: !apply:os.system [touch owned]",
        "x: !applyref:os.system [touch owned]",
        "x: !include:other.yaml",
        "x: !!python/object/apply:os.system ['touch owned']",
        "x: !!python/name:os.system",
        "modules: !new:os.system [touch owned]",
        "modules: {embedding_model: !new:os.system [touch owned]}",
        "compute_features: !name:os.system",
        "embedding_model: !new:os.system {command: touch owned}",
        "embedding_model: !new:speechbrain.lobes.models.Xvector.Xvector [cpu]",
        "embedding_model: !new:speechbrain.lobes.models.Xvector.Xvector {activation: !new:os.a {}}",
        "embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN {lin_neurons: -1}",
        "mean_var_norm: !ref <embedding_model>",
        f"mean_var_norm: !new:{NORMALIZATION} {{norm_type: global}}",
        "compute_features: !new:speechbrain.lobes.features.Fbank {sample_rate: 8000}",
        "compute_features: !new:speechbrain.lobes.features.Fbank {requires_grad: True}",
        "x: 2020-99-99",
        "x: {{a: 1}: 2}",
        "x: " + 2_000 * "[",
    ],
)
def test_a_yaml_with_other_things_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = speechbrain_folder(tmp_path / "evil")
    (folder / "hyperparams.yaml").write_text(HYPERPARAMS + line + "\n")
    with pytest.raises(EncoderError, match=r"hyperparams\.yaml") as error:
        SpeechBrainEncoder(folder)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "owned").exists()


def test_references_in_a_circle_are_refused(tmp_path: Path) -> None:
    folder = speechbrain_folder(tmp_path / "evil")
    circle = "compute_features: !ref <a>\na: !ref <b>\nb: !ref <a>\n"
    (folder / "hyperparams.yaml").write_text(HYPERPARAMS + circle)
    with pytest.raises(EncoderError, match="among the modules"):
        SpeechBrainEncoder(folder)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("lin_neurons: 24", "lin_neurons: 25", "size mismatch"),
        ("lin_neurons: 24", "lin_neurons: 1000000000000", "size mismatch"),
        ("    lin_neurons: 24\n", "", "size mismatch"),
        ("tdnn_blocks: 3", "tdnn_blocks: 4", "index out of range"),
        ("tdnn_blocks: 3", "blocks: 3", "unexpected keyword"),
        ("torch.nn.LeakyReLU", "os.system", "not callable"),
        ("tdnn_dilations: [1, 2, 1]", "tdnn_dilations: [1, 2, 0]", "got"),
        ("    n_mels: !ref <n_mels>\n", "    n_mels: 21\n", "fit together"),
        ("    n_mels: !ref <n_mels>\n", "    n_mels: many\n", "filter bank"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    folder = reconfigured(xvector_folder(tmp_path / "odd"), old, new)
    with pytest.raises(EncoderError, match=says) as error:
        SpeechBrainEncoder(folder).encode_equal(waves(1, 8_000))
    assert "\n" not in str(error.value)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        import os

        return os.system, ("touch owned",)


@pytest.mark.parametrize("build", BUILDERS)
def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: Builder
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = build(tmp_path / "evil")
    (folder / "embedding_model.ckpt").write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(EncoderError, match=r"embedding_model\.ckpt") as error:
        SpeechBrainEncoder(folder).encode_equal(waves(1, 8_000))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "owned").exists()
    pickle.loads(pickle.dumps(Bomb()))  # noqa: S301 - the same bomb does go off where it is trusted
    assert (tmp_path / "owned").exists()


@pytest.mark.parametrize("build", BUILDERS)
def test_truncated_weights_are_refused_in_one_line(tmp_path: Path, build: Builder) -> None:
    folder = build(tmp_path / "cut")
    content = (folder / "embedding_model.ckpt").read_bytes()
    (folder / "embedding_model.ckpt").write_bytes(content[: len(content) // 2])
    with pytest.raises(EncoderError, match=r"embedding_model\.ckpt") as error:
        SpeechBrainEncoder(folder).encode_equal(waves(1, 8_000))
    assert "\n" not in str(error.value)


def test_the_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    folder = speechbrain_folder(tmp_path / "other")
    (folder / "hyperparams.yaml").write_text(hyperparams_of(XVECTOR))
    with pytest.raises(EncoderError, match="weights of a Xvector"):
        SpeechBrainEncoder(folder).encode_equal(waves(1, 8_000))


@pytest.mark.parametrize("name", ["hyperparams.yaml", "embedding_model.ckpt"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = Path(shutil.move(speechbrain_folder(tmp_path / "part"), tmp_path / "moved"))
    (folder / name).unlink()
    with pytest.raises(EncoderError, match=name):
        SpeechBrainEncoder(folder)


@pytest.mark.gpu
@pytest.mark.parametrize("build", BUILDERS)
def test_half_precision_on_the_gpu_equals_the_cpu(tmp_path: Path, build: Builder) -> None:
    folder, batch = build(tmp_path / "sb"), waves(3, 48_000)
    cpu = SpeechBrainEncoder(folder, "cpu").encode_equal(batch)
    gpu = SpeechBrainEncoder(folder, "cuda").encode_equal(batch)
    cosines = (cpu * gpu).sum(1) / np.linalg.norm(cpu, axis=1) / np.linalg.norm(gpu, axis=1)
    assert cosines.min() >= 0.999


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(EncoderError, match="compact"):
        registry.load("no-such-model", device="cpu")
