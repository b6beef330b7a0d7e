from pathlib import Path

import numpy as np
from builders import ToyEncoder
from encoder_folders import native_folder
from numpy.testing import assert_allclose

from spkret.indexer.encoders import native, registry
from spkret.indexer.encoders.base import CPU_BATCH_S, GPU_BATCH_S
from spkret.indexer.encoders.torch_run import start

WAVES = 0.1 * np.random.default_rng(0).standard_normal((3, 32_000)).astype(np.float32)


def test_what_is_started_is_the_module_itself(tmp_path: Path) -> None:
    import torch

    network = native.load_network(native_folder(tmp_path))
    wait = start(network.frontend, network.network, WAVES, "cpu")
    with torch.inference_mode():
        expected = network(torch.from_numpy(WAVES)).numpy()
    assert_allclose(wait(), expected, atol=1e-6)


def test_half_precision_keeps_the_direction_of_compact() -> None:
    network = native.load_network(native.SHIPPED)
    full = start(network.frontend, network.network, WAVES, "cpu")()
    half = start(network.frontend, network.network, WAVES, "cpu", bf16=True)()
    assert half.dtype == np.float32
    cosines = (full * half).sum(1) / np.linalg.norm(full, axis=1) / np.linalg.norm(half, axis=1)
    assert cosines.min() >= 0.999
    assert not np.array_equal(full, half)


def test_batches_are_larger_on_a_gpu(tmp_path: Path) -> None:
    folder = native_folder(tmp_path)
    assert registry.load(str(folder), "cpu").batch_s == CPU_BATCH_S
    assert native.TorchEncoder(folder, "cuda").batch_s == GPU_BATCH_S


def test_warm_up_embeds_one_second() -> None:
    encoder = ToyEncoder()
    encoder.warm_up()
    assert encoder.batches == [(1, 16_000)]
