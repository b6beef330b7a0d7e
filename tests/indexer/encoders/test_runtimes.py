"""One graph, one embedding: ONNX Runtime and OpenVINO, and neither wakes torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from encoder_folders import native_folder
from numpy.testing import assert_allclose
from onnx import TensorProto, helper

from spkret.errors import EncoderError, OptionalDependencyError
from spkret.indexer.encoders import native, openvino_run
from spkret.indexer.encoders.base import SAMPLE_RATE_HZ
from spkret.indexer.encoders.runtimes import OPENVINO, open_runner
from spkret.indexer.encoders.threads import usable_cores


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return native_folder(tmp_path_factory.mktemp("native"))


def speech_like(rows: int, seconds: float, seed: int = 0) -> np.ndarray:
    """Harmonics with a falling spectrum, pauses, and a noise floor 60 dB below them."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    waves = []
    for f0 in rng.uniform(90, 250, rows):
        voice = sum(np.sin(2 * np.pi * f0 * k * time) / k**1.5 for k in range(1, 30))
        waves.append(voice * (np.sin(2 * np.pi * 1.5 * time) > -0.3))
    noise = 1e-3 * rng.standard_normal((rows, len(time)))
    return (np.stack(waves) + noise).astype(np.float32)


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_openvino_gives_the_same_embeddings(folder: Path, seconds: float) -> None:
    pytest.importorskip(OPENVINO)
    waves = speech_like(6, seconds)
    plain = native.OnnxEncoder(folder).encode_equal(waves)
    assert cosines(plain, native.OnnxEncoder(folder, OPENVINO).encode_equal(waves)).min() >= 0.999


def test_openvino_gives_the_shipped_encoders_embeddings() -> None:
    pytest.importorskip(OPENVINO)
    waves = speech_like(6, 3.0)
    plain = native.OnnxEncoder(native.SHIPPED)
    other = native.OnnxEncoder(native.SHIPPED, OPENVINO)
    assert other.identity == plain.identity
    assert cosines(plain.encode_equal(waves), other.encode_equal(waves)).min() >= 0.999


def test_the_front_end_stays_in_float32_in_openvino(folder: Path) -> None:
    openvino = pytest.importorskip(OPENVINO)
    model = openvino.Core().read_model(str(folder / "model.onnx"))
    values = [value.get_node().get_friendly_name() for value in openvino_run.precise_values(model)]
    assert values[0].startswith("/frontend/")
    assert any(name.startswith("/network/colour/") for name in values)


def test_what_bfloat16_would_turn_stays_in_float32(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(OPENVINO)
    waves = speech_like(3, 1.0)
    plain = native.OnnxEncoder(folder).encode_equal(waves)
    monkeypatch.setattr(openvino_run, "LEAST_COSINE", 1.1)
    other = native.OnnxEncoder(folder, OPENVINO).encode_equal(waves)
    assert cosines(plain, other).min() > 0.999999


def test_without_openvino_its_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spkret.indexer.optional.find_spec", lambda _: None)
    with pytest.raises(OptionalDependencyError, match=r"spkret\[openvino\]"):
        native.OnnxEncoder(folder, OPENVINO)


@pytest.mark.parametrize("device", ["cpu", OPENVINO])
def test_embedding_imports_no_torch(folder: Path, device: str) -> None:
    if device == OPENVINO:
        pytest.importorskip(OPENVINO)
    code = f"""
import sys
import numpy as np
from pathlib import Path
from spkret.indexer.encoders import registry
encoder = registry.load({str(folder)!r}, {device!r})
assert encoder.encode_equal(np.ones((2, 8_000), np.float32)).shape == (2, 32)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def doubling(path: Path) -> Path:
    """A graph that doubles its input (batch, 2)."""
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("x", "y")
    ]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])], "g", ports[:1], ports[1:]
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


@pytest.mark.parametrize("device", ["cpu", OPENVINO])
def test_what_a_graph_cannot_take_is_one_line(tmp_path: Path, device: str) -> None:
    if device == OPENVINO:
        pytest.importorskip(OPENVINO)
    run = open_runner(doubling(tmp_path / "twice.onnx"), device)
    assert_allclose(run(np.ones((3, 2), np.float32)), np.full((3, 2), 2))
    with pytest.raises(EncoderError, match=r"twice\.onnx.*\(3, 5\)") as error:
        run(np.ones((3, 5), np.float32))
    assert "\n" not in str(error.value)


def test_a_gpu_that_onnx_runtime_cannot_use_is_a_logged_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    run = open_runner(doubling(tmp_path / "twice.onnx"), "cuda:0")
    assert_allclose(run(np.ones((1, 2), np.float32)), np.full((1, 2), 2))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "onnxruntime-gpu" in caplog.text


def machine(folder: Path, cores: list[int], quota: str | None = None) -> Path:
    """A system folder in which processor i belongs to core `cores[i]`."""
    for processor, core in enumerate(cores):
        topology = folder / f"devices/system/cpu/cpu{processor}/topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text("0\n")
        (topology / "core_id").write_text(f"{core}\n")
    if quota:
        (folder / "fs/cgroup").mkdir(parents=True)
        (folder / "fs/cgroup/cpu.max").write_text(quota)
    return folder


@pytest.mark.parametrize(
    ("cores", "quota", "expected"),
    [
        ([0, 1, 2, 3], None, 4),
        ([0, 0, 1, 1], None, 2),
        ([0, 1, 2, 3], "max 100000\n", 4),
        ([0, 1, 2, 3], "250000 100000\n", 2),
        ([0, 1, 2, 3], "50000 100000\n", 1),
        ([], None, 4),
    ],
)
def test_threads_are_the_cores_that_may_be_used(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cores: list[int],
    quota: str | None,
    expected: int,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert usable_cores(machine(tmp_path, cores, quota)) == expected


def test_the_quota_of_the_first_version_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    folder = machine(tmp_path, [0, 1, 2]) / "fs/cgroup/cpu"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("200000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert usable_cores(tmp_path) == 2
    (folder / "cpu.cfs_quota_us").write_text("-1\n")
    assert usable_cores(tmp_path) == 3
