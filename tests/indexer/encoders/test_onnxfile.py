"""ONNX files of other toolkits: their own pipeline's embeddings, and one line for the rest."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from encoder_folders import KaldiNetwork, kaldi_onnx
from numpy.testing import assert_allclose
from onnx.external_data_helper import convert_model_to_external_data, set_external_data
from torchaudio.compliance.kaldi import fbank

from spkret.errors import EncoderError, UsageError
from spkret.indexer.encoders import registry
from spkret.indexer.encoders.onnxfile import OnnxFileEncoder
from spkret.indexer.encoders.runtimes import OPENVINO

SHERPA = {"framework": "3d-speaker", "normalize_samples": "1", "sample_rate": "16000"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kaldi_onnx(tmp_path_factory.mktemp("onnx") / "tdnn.onnx")


def noise(rows: int, samples: int, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal((rows, samples), np.float32)


def pipeline(path: Path, waves: np.ndarray, window: str, scale: float) -> np.ndarray:
    """What the toolkits' own inference does, row by row."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = []
    for wave in torch.from_numpy(waves):
        frames = fbank(
            wave[None] * scale, num_mel_bins=80, dither=0.0, window_type=window, htk_compat=True
        )
        features = (frames - frames.mean(0))[None].numpy()
        rows.append(session.run(None, {session.get_inputs()[0].name: features})[0][0])
    return np.stack(rows)


@pytest.mark.parametrize(
    ("metadata", "name", "window", "scale"),
    [
        ({}, "feats", "hamming", 32_768),
        ({}, "feature", "povey", 1),
        ({"framework": "wespeaker", "sample_rate": "16000"}, "x", "hamming", 32_768),
        ({"framework": "wespeaker"}, "feature", "hamming", 32_768),
        ({**SHERPA, "feature_normalize_type": "global-mean"}, "x", "povey", 1),
        ({**SHERPA, "normalize_samples": "0"}, "x", "povey", 32_768),
    ],
)
def test_embeddings_equal_the_toolkits_pipeline(
    tmp_path: Path, metadata: dict[str, str], name: str, window: str, scale: float
) -> None:
    path = kaldi_onnx(tmp_path / "m.onnx", metadata, names=(name, "embedding"))
    waves = np.float32(1e-4) * noise(3, 24_000)
    expected = pipeline(path, waves, window, scale)
    assert_allclose(OnnxFileEncoder(path).encode_equal(waves), expected, rtol=1e-3, atol=1e-3)


def test_the_registry_loads_a_file(file: Path) -> None:
    encoder = registry.load(str(file), device="cpu")
    assert (encoder.identity.name, encoder.identity.dimension) == ("tdnn", 24)


@pytest.mark.parametrize("axes", [(0, 1), (1,)], ids=["any batch", "frozen batch"])
def test_a_mixed_batch_equals_one_by_one(tmp_path: Path, axes: tuple[int, ...]) -> None:
    encoder = OnnxFileEncoder(kaldi_onnx(tmp_path / "m.onnx", axes=axes))
    lengths = np.array([8_000, 47_000, 960_000, 15_999])
    waves = noise(4, 960_000)
    together = encoder.encode(waves, lengths)
    for row, (wave, length) in enumerate(zip(waves, lengths, strict=True)):
        alone = encoder.encode(wave[None, :length], np.array([length]))[0]
        cosine = alone @ together[row] / np.linalg.norm(alone) / np.linalg.norm(together[row])
        assert cosine > 0.9999


class HiddenBatch(KaldiNetwork):
    """Declares any batch, and gives every row the mean of the batch."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        embeddings = super().forward(features)
        return embeddings.mean(0, keepdim=True).expand_as(embeddings)


def test_a_graph_that_lies_about_its_batch_goes_one_by_one(tmp_path: Path) -> None:
    path = kaldi_onnx(tmp_path / "m.onnx", module=HiddenBatch())
    waves = noise(3, 16_000)
    expected = pipeline(path, waves, "hamming", 32_768)
    assert_allclose(OnnxFileEncoder(path).encode_equal(waves), expected, rtol=1e-3, atol=1e-3)


def test_openvino_gives_the_same_embeddings(file: Path) -> None:
    pytest.importorskip(OPENVINO)
    waves = noise(4, 16_000)
    plain = OnnxFileEncoder(file).encode_equal(waves)
    other = registry.load(str(file), OPENVINO).encode_equal(waves)
    cosines = (plain * other).sum(1) / np.linalg.norm(plain, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.min() >= 0.999


def test_the_fingerprint_follows_weights_and_front_end(file: Path, tmp_path: Path) -> None:
    same = tmp_path / "other-name.onnx"
    same.write_bytes(file.read_bytes())
    renamed = kaldi_onnx(tmp_path / "renamed.onnx", names=("feature", "embs"))
    prints = [OnnxFileEncoder(path).identity.fingerprint for path in (file, same, renamed)]
    assert prints[0] == prints[1] != prints[2]


class Frozen(torch.nn.Module):
    def __init__(self, axes: str) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean: torch.Tensor = x.float().mean(-1)
        return mean if self.axes == "mean" else x.float()[:, None, None]


@pytest.mark.parametrize(
    ("metadata", "options", "message"),
    [
        ({"sample_rate": "8000"}, {}, "8000 Hz"),
        ({"framework": "nemo"}, {}, "got nemo"),
        ({"feature_normalize_type": "per_feature"}, {}, "per_feature"),
        ({"grid_samples": "-5"}, {}, "grid_samples"),
        ({}, {"axes": (0,)}, "anyx200x80"),
        ({}, {"axes": (1,), "example": torch.randn(3, 200, 80)}, "3xanyx80"),
        ({}, {"module": Frozen("mean"), "example": torch.ones(1, 80, dtype=torch.int64)}, "int64"),
        ({}, {"module": Frozen("mean"), "example": torch.randn(1, 9, 80, 2)}, "anyxanyx80x2"),
        ({}, {"module": Frozen("deep"), "example": torch.randn(1, 16_000)}, "an output of shape"),
    ],
)
def test_what_is_no_speaker_encoder_is_one_line(
    tmp_path: Path, metadata: dict[str, str], options: dict[str, object], message: str
) -> None:
    path = kaldi_onnx(tmp_path / "m.onnx", metadata, **options)  # type: ignore[arg-type]
    with pytest.raises(EncoderError, match=message) as error:
        OnnxFileEncoder(path)
    assert "\n" not in str(error.value)


def test_two_inputs_are_one_line(file: Path, tmp_path: Path) -> None:
    model = onnx.load(file)
    model.graph.input.add().CopyFrom(model.graph.input[0])
    model.graph.input[1].name = "length"
    onnx.save(model, tmp_path / "two.onnx")
    with pytest.raises(EncoderError, match="got feats, length"):
        OnnxFileEncoder(tmp_path / "two.onnx")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08\x12\x07pytorch" * 5])
def test_what_is_no_onnx_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(EncoderError, match=r"m\.onnx") as error:
        registry.load(str(tmp_path / "m.onnx"), "cpu")
    assert "\n" not in str(error.value)


def test_a_missing_and_a_truncated_file_are_one_line(file: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="No such file"):
        registry.load(str(tmp_path / "none.onnx"), "cpu")
    content = file.read_bytes()
    for kept in (100, len(content) // 2, len(content) - 3):
        (tmp_path / "part.onnx").write_bytes(content[:kept])
        with pytest.raises(EncoderError, match=r"part\.onnx") as error:
            registry.load(str(tmp_path / "part.onnx"), "cpu")
        assert "\n" not in str(error.value)


def test_external_data_beside_the_file_is_read_and_hashed(file: Path, tmp_path: Path) -> None:
    model = onnx.load(file)
    convert_model_to_external_data(model, location="m.data", size_threshold=0)
    onnx.save(model, tmp_path / "m.onnx")
    waves = noise(1, 16_000)
    encoder = OnnxFileEncoder(tmp_path / "m.onnx")
    assert_allclose(encoder.encode_equal(waves), OnnxFileEncoder(file).encode_equal(waves))
    data = bytearray((tmp_path / "m.data").read_bytes())
    data[1] ^= 1
    (tmp_path / "m.data").write_bytes(data)
    assert OnnxFileEncoder(tmp_path / "m.onnx").identity != encoder.identity
    (tmp_path / "m.data").write_bytes(data[:-50])
    with pytest.raises(EncoderError, match=r"m\.onnx"):
        OnnxFileEncoder(tmp_path / "m.onnx")


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "link", "missing"])
def test_external_data_elsewhere_is_refused(file: Path, tmp_path: Path, location: str) -> None:
    (tmp_path / "secret").write_bytes(bytes(1_000_000))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    model = onnx.load(file)
    tensor = model.graph.initializer[0]
    set_external_data(tensor, location, offset=0, length=len(tensor.raw_data))
    tensor.ClearField("raw_data")
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(EncoderError, match="external data") as error:
        OnnxFileEncoder(folder / "m.onnx")
    assert "\n" not in str(error.value)


def test_other_families_do_not_run_in_openvino(tmp_path: Path) -> None:
    (tmp_path / "hyperparams.yaml").write_text("x: 1")
    with pytest.raises(UsageError, match="export-onnx"):
        registry.load(str(tmp_path), OPENVINO)
