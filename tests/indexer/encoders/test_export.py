"""Exported files: the encoder's own embeddings without torch, or a clear refusal."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from encoder_folders import kaldi_onnx, native_folder, speechbrain_folder
from numpy.testing import assert_allclose

from spkret.errors import EncoderError, UsageError
from spkret.indexer.encoders import native, registry
from spkret.indexer.encoders.export import export_onnx
from spkret.indexer.encoders.runtimes import OPENVINO


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("encoders")
    return {
        "native": native_folder(folder / "native"),
        "speechbrain": speechbrain_folder(folder / "speechbrain"),
    }


@pytest.mark.parametrize("family", ["native", "speechbrain"])
def test_the_file_gives_the_encoders_embeddings(
    folders: dict[str, Path], tmp_path: Path, family: str
) -> None:
    written = export_onnx(str(folders[family]), tmp_path / "sub" / "out.onnx")
    assert written.cosine > 0.99999
    assert [path.name for path in written.path.parent.iterdir()] == ["out.onnx"]
    encoder = registry.load(str(folders[family]), "cpu")
    again = registry.load(str(written.path), "cpu")
    lengths = np.array([4_000, 47_001, 320_000, 900])
    waves = 0.1 * np.random.default_rng(0).standard_normal((4, 320_000), np.float32)
    assert_allclose(again.encode(waves, lengths), encoder.encode(waves, lengths), atol=1e-4)


def test_the_grid_of_the_encoder_is_kept(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = native_folder(tmp_path / "grid")
    config = (folder / "config.json").read_text().replace("4000", "1000")
    (folder / "config.json").write_text(config)
    written = export_onnx(str(folder), tmp_path / "out.onnx")
    assert registry.load(str(written.path), "cpu").grid_samples == 1_000


def test_openvino_runs_the_file(folders: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip(OPENVINO)
    written = export_onnx(str(folders["speechbrain"]), tmp_path / "out.onnx")
    waves = 0.1 * np.random.default_rng(0).standard_normal((2, 48_000), np.float32)
    plain = registry.load(str(written.path), "cpu").encode_equal(waves)
    assert_allclose(
        registry.load(str(written.path), OPENVINO).encode_equal(waves), plain, atol=1e-3
    )


def test_the_file_says_what_it_is(folders: dict[str, Path], tmp_path: Path) -> None:
    model = onnx.load(export_onnx(str(folders["native"]), tmp_path / "out.onnx").path)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata == {
        "framework": "spkret",
        "sample_rate": "16000",
        "output_dim": "32",
        "grid_samples": "4000",
    }
    onnx.checker.check_model(model)


def test_an_onnx_file_is_not_exported_again(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="as it is"):
        export_onnx(str(kaldi_onnx(tmp_path / "in.onnx")), tmp_path / "out.onnx")


def test_another_suffix_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.onnx"):
        export_onnx(str(folders["native"]), tmp_path / "out.bin")


class Complex(torch.nn.Module):
    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        spectra = torch.stft(waveforms, 400, window=torch.ones(400), return_complex=True)
        return spectra.abs().mean(2)


class Wrong(torch.nn.Module):
    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        return waveforms[:, :32]


@pytest.mark.parametrize(
    ("module", "message"), [(Complex(), "operators that ONNX has"), (Wrong(), "at cosine")]
)
def test_what_cannot_be_exported_leaves_no_file(
    folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: torch.nn.Module,
    message: str,
) -> None:
    monkeypatch.setattr(native.OnnxEncoder, "torch_module", lambda _: module)
    (tmp_path / "out.onnx").write_text("before")
    with pytest.raises(EncoderError, match=message) as error:
        export_onnx(str(folders["native"]), tmp_path / "out.onnx")
    assert "\n" not in str(error.value)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]
