"""Fused encoders: their cosine is the weighed mean of their networks' cosines."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_folders import SMALL, native_folder, speechbrain_folder
from numpy.testing import assert_allclose

from spkret.errors import EncoderError, UsageError
from spkret.indexer.encoders import native
from spkret.indexer.training.fuse import fuse_encoders
from spkret.indexer.training.initial import load_initial


def stem_folder(folder: Path) -> Path:
    torch.manual_seed(5)
    config = replace(SMALL, stem=4)
    network = config.build().eval()
    network.colour.share.data.fill_(0.9)
    native.save(folder, "stem", network, config, 4_000, "# stem\n")
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    work = tmp_path_factory.mktemp("fuse")
    first, second = native_folder(work / "first"), stem_folder(work / "second")
    fuse_encoders([first, second], work / "both", "both", [3, 1])
    return first, second, work / "both"


def voices(folder: Path, waves: np.ndarray) -> np.ndarray:
    voice = native.OnnxEncoder(folder).encode_equal(waves)[:, :24]
    return np.asarray(voice / np.linalg.norm(voice, axis=1, keepdims=True))


def test_a_stem_keeps_a_frame_in_two_and_a_quarter_of_the_bands() -> None:
    from spkret.indexer.encoders.ecapa_tdnn import Stem

    assert Stem(4, 2)(torch.randn(3, 51, 80)).shape == (3, 26, 4 * 20)


@pytest.mark.parametrize("which", [1, 2])
def test_onnx_equals_torch(folders: tuple[Path, Path, Path], which: int) -> None:
    waves = np.random.default_rng(0).standard_normal((3, 24_000)).astype(np.float32)
    ours = native.OnnxEncoder(folders[which]).encode_equal(waves)
    theirs = native.TorchEncoder(folders[which], "cpu").encode_equal(waves)
    assert_allclose(ours, theirs, atol=1e-5)


def test_the_cosine_is_the_weighed_mean_of_the_networks(folders: tuple[Path, Path, Path]) -> None:
    first, second, both = folders
    waves = np.random.default_rng(1).standard_normal((2, 32_000)).astype(np.float32)
    waves[1, ::2] *= 0.1
    fused = native.OnnxEncoder(both).encode_equal(waves)
    assert fused.shape == (2, 24 + 24 + 8)
    voice = fused[:, :48] / np.linalg.norm(fused[:, :48], axis=1, keepdims=True)
    a, b = voices(first, waves), voices(second, waves)
    assert_allclose(voice[0] @ voice[1], 0.75 * a[0] @ a[1] + 0.25 * b[0] @ b[1], atol=1e-4)
    assert native.read_config(both)["parts"] == [24, 24, 8]


def test_a_fused_encoder_is_trained_further_as_one(folders: tuple[Path, Path, Path]) -> None:
    initial = load_initial(str(folders[2]))
    network = initial.config.build()
    network.load_state_dict(initial.weights)
    staged = [id(p) for stage in network.voice.stages() for p in stage.parameters()]
    assert sorted(staged) == sorted(id(p) for p in network.voice.parameters())


@pytest.mark.parametrize(
    "shares", [[1.0], [0.5, -0.5], [1, 1, 1], [0.5, float("nan")], [1, float("inf")]]
)
def test_shares_that_fit_no_folders_are_refused(
    folders: tuple[Path, Path, Path], tmp_path: Path, shares: list[float]
) -> None:
    with pytest.raises(UsageError, match="a positive share for each"):
        fuse_encoders(folders[:2], tmp_path / "x", "x", shares)


def test_none_of_the_networks_is_overwritten(folders: tuple[Path, Path, Path]) -> None:
    with pytest.raises(UsageError, match="expected another folder to write"):
        fuse_encoders(folders[:2], folders[0].parent / "." / "first", "x")


def test_other_networks_are_refused(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="ecapa-cnn-tdnn, got ecapa-fused"):
        fuse_encoders([folders[0], folders[2]], tmp_path / "x", "x")
    with pytest.raises(EncoderError, match=r"config\.json"):
        fuse_encoders([folders[0], speechbrain_folder(tmp_path / "sb")], tmp_path / "x", "x")
