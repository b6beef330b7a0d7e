"""The CUDA path against the CPU's; run with `pytest -m gpu`."""

from pathlib import Path

import numpy as np
import pytest
from encoder_folders import native_folder

from spkret.indexer.encoders import native, registry

pytestmark = pytest.mark.gpu


def test_half_precision_on_the_gpu_equals_the_cpu() -> None:
    waves = np.random.default_rng(0).standard_normal((8, 48_000)).astype(np.float32)
    cpu = registry.load("compact", "cpu").encode_equal(waves)
    gpu = registry.load("compact", "cuda").encode_equal(waves)
    cosines = (cpu * gpu).sum(1) / np.linalg.norm(cpu, axis=1) / np.linalg.norm(gpu, axis=1)
    assert cosines.min() >= 0.999


def test_a_mixed_batch_on_the_gpu_equals_one_by_one(tmp_path: Path) -> None:
    encoder = native.TorchEncoder(native_folder(tmp_path), "cuda")
    lengths = np.array([8_000, 31_999, 160_000])
    waves = np.random.default_rng(1).standard_normal((3, 160_000)).astype(np.float32)
    together = encoder.encode(waves, lengths)
    for row, (wave, length) in enumerate(zip(waves, lengths, strict=True)):
        alone = encoder.encode(wave[None, :length], np.array([length]))[0]
        cosine = alone @ together[row] / np.linalg.norm(alone) / np.linalg.norm(together[row])
        assert cosine >= 0.9999
