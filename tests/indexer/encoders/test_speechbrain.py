"""SpeechBrain folders: SpeechBrain's own embeddings, and nothing of a folder is executed."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_folders import HYPERPARAMS, speechbrain_folder
from numpy.testing import assert_allclose

from spkret.errors import EncoderError
from spkret.indexer.encoders import registry
from spkret.indexer.encoders.speechbrain import SpeechBrainEncoder


def test_embeddings_equal_speechbrains_encode_batch(tmp_path: Path) -> None:
    from speechbrain.inference.speaker import EncoderClassifier
    from speechbrain.utils.fetching import FetchConfig

    folder = speechbrain_folder(tmp_path / "sb")
    theirs = EncoderClassifier.from_hparams(
        str(folder),
        overrides={"pretrained_path": str(folder)},
        fetch_config=FetchConfig(allow_network=False),
    )
    waves = 0.1 * np.random.default_rng(0).standard_normal((2, 24_000)).astype(np.float32)
    expected = theirs.encode_batch(torch.from_numpy(waves)).squeeze(1).detach().numpy()
    assert_allclose(SpeechBrainEncoder(folder).encode_equal(waves), expected, atol=1e-4)


def test_the_registry_loads_a_folder(tmp_path: Path) -> None:
    encoder = registry.load(str(speechbrain_folder(tmp_path / "mine")), device="cpu")
    assert (encoder.identity.name, encoder.identity.dimension) == ("mine", 24)


def test_a_mixed_batch_equals_one_by_one(tmp_path: Path) -> None:
    encoder = SpeechBrainEncoder(speechbrain_folder(tmp_path / "sb"))
    lengths = np.array([8_000, 47_000, 160_000, 15_999])
    waves = np.random.default_rng(0).standard_normal((4, 160_000)).astype(np.float32)
    together = encoder.encode(waves, lengths)
    for row, (wave, length) in enumerate(zip(waves, lengths, strict=True)):
        alone = encoder.encode(wave[None, :length], np.array([length]))[0]
        cosine = alone @ together[row] / np.linalg.norm(alone) / np.linalg.norm(together[row])
        assert cosine > 0.9999


@pytest.mark.parametrize(
    "line",
    ["x: !apply:os.system [touch owned]", "x: !!python/object/apply:os.system ['touch owned']"],
)
def test_a_yaml_that_calls_functions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = speechbrain_folder(tmp_path / "evil")
    (folder / "hyperparams.yaml").write_text(HYPERPARAMS + line + "\n")
    with pytest.raises(EncoderError) as error:
        SpeechBrainEncoder(folder)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "owned").exists()


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        import os

        return os.system, ("touch owned",)


def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = speechbrain_folder(tmp_path / "evil")
    (folder / "embedding_model.ckpt").write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(EncoderError, match=r"embedding_model\.ckpt") as error:
        SpeechBrainEncoder(folder).encode_equal(np.ones((1, 8_000), np.float32))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "owned").exists()


def test_another_network_is_refused(tmp_path: Path) -> None:
    folder = speechbrain_folder(tmp_path / "other")
    text = HYPERPARAMS.replace("ECAPA_TDNN.ECAPA_TDNN", "Xvector.Xvector")
    (folder / "hyperparams.yaml").write_text(text)
    with pytest.raises(EncoderError, match="only SpeechBrain's ECAPA-TDNN"):
        SpeechBrainEncoder(folder)


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(EncoderError, match="compact"):
        registry.load("no-such-model", device="cpu")
