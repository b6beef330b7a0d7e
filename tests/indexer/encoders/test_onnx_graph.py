"""Graphs of trained folders: each weight stands on the disk once, and damage is one line."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from encoder_folders import native_folder
from numpy.testing import assert_array_equal
from onnx import numpy_helper
from safetensors.numpy import load_file
from torch import nn

from spkret.errors import EncoderError
from spkret.indexer.encoders import native
from spkret.indexer.encoders.onnx_graph import write_graph
from spkret.indexer.encoders.runtimes import open_runner


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return native_folder(tmp_path_factory.mktemp("native"))


def test_large_weights_stand_in_the_safetensors_file_only(folder: Path) -> None:
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    external = {t.name: t for t in graph.initializer if t.external_data}
    shared = {name: t for name, t in external.items() if name.endswith(".half")}
    weights = {
        f"network.{key}.half": value
        for key, value in load_file(folder / "weights.safetensors").items()
        if value.dtype == np.float16 and value.nbytes >= 1_024
    }
    assert shared.keys() == weights.keys()
    for name, tensor in shared.items():
        assert {e.key: e.value for e in tensor.external_data}["location"] == "weights.safetensors"
        assert_array_equal(numpy_helper.to_array(tensor, str(folder)), weights[name])


def test_a_shared_graph_computes_what_a_whole_one_does(folder: Path, tmp_path: Path) -> None:
    write_graph(native.load_network(folder), tmp_path / "whole.onnx")
    waves = np.random.default_rng(0).standard_normal((3, 20_000)).astype(np.float32)
    shared, whole = (
        open_runner(path)(waves) for path in (folder / "model.onnx", tmp_path / "whole.onnx")
    )
    assert_array_equal(shared, whole)


class Normalised(nn.Module):
    """A convolution under a batch norm, which exporters like to fold into it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(1, 64, 400, stride=160)
        self.norm = nn.BatchNorm1d(64)
        self.norm.load_state_dict({**self.norm.state_dict(), "running_var": torch.rand(64) + 0.5})

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        embeddings: torch.Tensor = self.norm(self.convolution(waveforms[:, None])).mean(dim=2)
        return embeddings


def test_batch_norms_leave_half_precision_weights_as_they_are(tmp_path: Path) -> None:
    module = Normalised().eval()
    module.convolution.weight.data = module.convolution.weight.data.half().float()
    write_graph(module, tmp_path / "m.onnx")
    tensors = {t.name: t for t in onnx.load(tmp_path / "m.onnx").graph.initializer}
    assert tensors["convolution.weight.half"].data_type == onnx.TensorProto.FLOAT16
    waves = torch.randn(2, 8_000)
    got = open_runner(tmp_path / "m.onnx")(waves.numpy())
    assert np.abs(got - module(waves).detach().numpy()).max() < 1e-5


@pytest.mark.parametrize(
    ("kept", "added"),
    [
        (slice(-1), b""),
        (slice(None), b"\0"),
        (slice(100), b""),
        (slice(0), b""),
        (slice(0), (2).to_bytes(8, "little") + b"[]"),
        (slice(0), (18).to_bytes(8, "little") + b'{"a": {"b": [1,2]}}'),
    ],
)
def test_damaged_weights_are_one_line(
    folder: Path, tmp_path: Path, kept: slice, added: bytes
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    weights = broken / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[kept] + added)
    with pytest.raises(EncoderError, match=r"weights\.safetensors.*copy the whole") as error:
        native.OnnxEncoder(broken)
    assert "\n" not in str(error.value)


def test_a_truncated_graph_is_one_line(folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    graph = broken / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-5_000])
    with pytest.raises(EncoderError, match="ONNX model") as error:
        native.OnnxEncoder(broken)
    assert "\n" not in str(error.value)
