"""The CUDA path against the CPU's, family by family; run with `pytest -m gpu`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from builders import voice, write_audio
from encoder_folders import native_folder, resnet_folder, speechbrain_folder, xvector_folder
from nemo_models import nemo_file

from spkret.indexer.encoders import native, registry
from spkret.indexer.encoders.torch_run import start
from spkret.indexer.pipeline import index
from spkret.store.arrays import embeddings
from spkret.store.store import Store

pytestmark = pytest.mark.gpu

SSL = Path(__file__).parents[2] / "data" / "ssl"
FAMILIES: dict[str, Callable[[Path], Path]] = {
    "compact": lambda _: native.SHIPPED,
    "native": native_folder,
    "speechbrain-ecapa": speechbrain_folder,
    "speechbrain-xvector": xvector_folder,
    "speechbrain-resnet": resnet_folder,
    "nemo": lambda folder: nemo_file(folder.with_suffix(".nemo")),
    "wav2vec2": lambda _: SSL / "wav2vec2-base",
    "wavlm": lambda _: SSL / "wavlm-base",
}


def cosines(
    one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    products: npt.NDArray[np.float32] = (one * other).sum(1) / norms
    return products


@pytest.fixture(params=FAMILIES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return FAMILIES[request.param](tmp_path / "encoder")


def test_half_precision_on_the_gpu_equals_the_cpu(path: Path) -> None:
    waves = np.stack([voice(3.0, f0_hz=90 + 20 * n, seed=n) for n in range(8)])
    cpu = registry.load(str(path), "cpu").encode_equal(waves)
    gpu = registry.load(str(path), "cuda").encode_equal(waves)
    assert gpu.dtype == np.float32
    assert cosines(cpu, gpu).min() >= 0.999


def test_a_mixed_batch_on_the_gpu_equals_one_by_one(path: Path) -> None:
    encoder = registry.load(str(path), "cuda")
    lengths = np.array([8_000, 31_999, 160_000, 960_000])
    waves = 0.1 * np.random.default_rng(1).standard_normal((4, 960_000)).astype(np.float32)
    together = encoder.encode(waves, lengths)
    rows = zip(waves, lengths, strict=True)
    alone = [encoder.encode(wave[None, :length], np.array([length]))[0] for wave, length in rows]
    assert cosines(together, np.stack(alone)).min() >= 0.9999


def test_batches_in_flight_do_not_mix(path: Path) -> None:
    encoder = registry.load(str(path), "cuda")
    generator = np.random.default_rng(2)
    batches = [0.1 * generator.standard_normal((16, 32_000)).astype(np.float32) for _ in range(6)]
    waiting = [encoder.start(batch) for batch in batches]
    for batch, wait in zip(batches, waiting, strict=True):
        assert cosines(wait(), encoder.encode_equal(batch)).min() >= 0.9999


def test_without_half_precision_the_gpu_is_closer() -> None:
    network = native.load_network(native.SHIPPED).to("cuda")
    waves = np.stack([voice(3.0, seed=n) for n in range(4)])
    full = start(network.frontend, network.network, waves, "cuda", bf16=False)()
    cpu = registry.load("compact", "cpu").encode_equal(waves)
    assert cosines(cpu, full).min() >= 0.9999


def test_a_store_indexed_on_the_gpu_equals_the_cpus(tmp_path: Path) -> None:
    for number, seconds in enumerate([0.4, 1.0, 3.0, 75.0]):
        write_audio(tmp_path / "audio" / f"{number}.wav", voice(seconds, seed=number))
    vectors = []
    for device in ("cpu", "cuda"):
        index(tmp_path / "audio", tmp_path / device, registry.load("compact", device))
        vectors.append(embeddings(Store.open(tmp_path / device).recordings.scan()))
    assert cosines(*vectors).min() >= 0.999
