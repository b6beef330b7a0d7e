"""Folders that `train-encoder` writes: one embedding, whatever the runtime or the batch."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_folders import SMALL, native_folder
from numpy.testing import assert_allclose
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

from spkret.errors import EncoderError, UsageError
from spkret.indexer.encoders import native
from spkret.indexer.encoders.ecapa_tdnn import VoiceNetwork
from spkret.indexer.encoders.frontend import FrontEndConfig, LogMel, remove_mean


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return native_folder(tmp_path_factory.mktemp("native"))


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(1) / norms)


def test_onnx_equals_torch(folder: Path) -> None:
    waves = np.random.default_rng(0).standard_normal((3, 24_000)).astype(np.float32)
    ours = native.OnnxEncoder(folder).encode_equal(waves)
    theirs = native.TorchEncoder(folder, "cpu").encode_equal(waves)
    assert ours.shape == (3, 32)
    assert_allclose(ours, theirs, atol=1e-5)


def test_network_equals_speechbrains_own_forward(folder: Path) -> None:
    network = native.load_network(folder)
    reference = ECAPA_TDNN(
        80, lin_neurons=24, channels=[16] * 4 + [48], attention_channels=8, se_channels=8
    ).eval()
    first = reference.blocks[0].conv
    first.stride, first.conv.stride = 2, (2,)
    voice = network.network.voice
    assert isinstance(voice, VoiceNetwork)
    reference.load_state_dict(voice.body.state_dict())
    waves = torch.randn(2, 16_000)
    with torch.no_grad():
        theirs = reference(remove_mean(network.frontend(waves))).squeeze(1)
        ours = voice(network.frontend(waves))
    assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-6)


@pytest.mark.parametrize("kind", ["onnx", "torch"])
def test_a_mixed_batch_equals_one_by_one(folder: Path, kind: str) -> None:
    encoder = native.OnnxEncoder(folder) if kind == "onnx" else native.TorchEncoder(folder, "cpu")
    rng = np.random.default_rng(1)
    lengths = np.array([8_000, 8_001, 31_999, 32_000, 80_000, 960_000, 900])
    waves = rng.standard_normal((len(lengths), lengths.max())).astype(np.float32)
    together = encoder.encode(waves, lengths)
    alone = np.concatenate(
        [encoder.encode(w[None, :n], np.array([n])) for w, n in zip(waves, lengths, strict=True)]
    )
    assert cosines(together, alone).min() > 0.9999


def test_the_recording_level_leaves_no_trace(folder: Path) -> None:
    encoder = native.OnnxEncoder(folder)
    wave = np.random.default_rng(2).standard_normal((1, 16_000)).astype(np.float32)
    loud, quiet = encoder.encode_equal(0.5 * wave), encoder.encode_equal(0.001 * wave)
    assert cosines(loud, quiet)[0] > 0.9999


def test_lengths_outside_the_batch_are_refused(folder: Path) -> None:
    encoder = native.OnnxEncoder(folder)
    with pytest.raises(UsageError, match="from 1 to 8000"):
        encoder.encode(np.zeros((1, 8_000), np.float32), np.array([8_001]))


def test_the_fingerprint_follows_weights_and_front_end(folder: Path, tmp_path: Path) -> None:
    copy = native_folder(tmp_path / "a", seed=1)
    config = json.loads((copy / "config.json").read_text())
    before = native.OnnxEncoder(copy).identity
    config["network"]["frontend"]["floor"] = 1e-4
    (copy / "config.json").write_text(json.dumps(config))
    after = native.OnnxEncoder(copy).identity
    assert (
        len(
            {native.OnnxEncoder(folder).identity.fingerprint, before.fingerprint, after.fingerprint}
        )
        == 3
    )


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", b"{", "config.json"),
        ("config.json", b'{"format": 99, "name": "x"}', "format"),
        ("model.onnx", b"no model", "ONNX model"),
    ],
)
def test_a_broken_folder_is_one_line(
    tmp_path: Path, file: str, content: bytes, message: str
) -> None:
    broken = native_folder(tmp_path / "b")
    (broken / file).write_bytes(content)
    with pytest.raises(EncoderError, match=message) as error:
        native.OnnxEncoder(broken)
    assert "\n" not in str(error.value)


def test_truncated_weights_are_one_line(tmp_path: Path) -> None:
    broken = native_folder(tmp_path / "b")
    weights = broken / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(EncoderError, match=r"weights\.safetensors"):
        native.TorchEncoder(broken, "cpu").encode_equal(np.ones((1, 8_000), np.float32))


def test_a_folder_that_was_cut_off_is_no_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = native_folder(tmp_path / "target")
    before = native.load_path(target, "cpu").identity
    torch.manual_seed(1)
    network = SMALL.build().eval()

    def save_and_fail(owner: object, name: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                native.save(target, "new", network, SMALL, 4_000, "# new\n")

    save_and_fail(native, "write_graph")
    assert native.load_path(target, "cpu").identity == before
    save_and_fail(Path, "replace")
    assert not native.recognises(target)
    native.save(target, "new", network, SMALL, 4_000, "# new\n")
    assert native.load_path(target, "cpu").identity.name == "new"
    assert len(list(target.iterdir())) == 4


def test_log_mel_is_the_fourier_power_in_triangles() -> None:
    config = FrontEndConfig()
    wave = np.random.default_rng(3).standard_normal(8_000)
    unit, window = wave / np.sqrt(np.mean(wave**2)), np.hanning(401)[:-1]
    frames = np.stack([unit[s : s + 400] * window for s in range(0, 7_601, 240)])
    power = np.abs(np.fft.rfft(frames, 512)) ** 2 / np.sum(window**2)
    low, high = (2595 * np.log10(1 + f / 700) for f in (20, 7_600))
    edges = 700 * (10 ** (np.linspace(low, high, 82) / 2595) - 1)
    hertz = np.arange(257) * 16_000 / 512
    for band in (0, 17, 40, 79):
        triangle = np.interp(hertz, edges[band : band + 3], [0, 1, 0])
        expected = np.log(power @ triangle / triangle.sum() + 1e-5)
        got = LogMel(config)(torch.from_numpy(wave[None]).float())[0, :, band].numpy()
        assert_allclose(got, expected, atol=1e-3)


def test_a_tone_lights_the_band_that_holds_it() -> None:
    for tone_hz in (300, 1_000, 3_000):
        wave = np.sin(2 * np.pi * tone_hz * np.arange(16_000) / 16_000)
        bands = LogMel(FrontEndConfig())(torch.from_numpy(wave[None]).float())[0].mean(0)
        mels = 2595 * np.log10(1 + np.array([20.0, 7_600.0, tone_hz]) / 700)
        expected = 81 * (mels[2] - mels[0]) / (mels[1] - mels[0]) - 1
        assert abs(int(bands.argmax()) - expected) <= 1.0
