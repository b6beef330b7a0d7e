"""Networks to train further embed as their originals do, and train."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_folders import native_folder, speechbrain_folder
from nemo_models import DATA

from spkret.errors import EncoderError
from spkret.indexer.encoders import native, registry, trainable
from spkret.indexer.encoders.nemo.frontend import normalize
from spkret.indexer.encoders.trainable.nemo import from_file
from spkret.indexer.encoders.trainable.speechbrain import from_folder
from spkret.indexer.training import run
from spkret.indexer.training.initial import load_initial
from spkret.indexer.training.recipe import FINE_TUNING

NEMO = ("titanet-large", "titanet-small", "speakernet", "nemo-ecapa", "mixed")
STEP = replace(
    FINE_TUNING, steps=1, batch=6, crop_s=0.4, final_crop_s=0.4, patience=None, warmup=1, keep=1.0
)


@pytest.fixture(params=["ours", "speechbrain", *NEMO])
def original(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A small model in the format of each family."""
    if request.param == "ours":
        return native_folder(tmp_path / "ours")
    if request.param == "speechbrain":
        return speechbrain_folder(tmp_path / "speechbrain")
    return DATA / f"{request.param}.nemo"


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray((a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))


def test_a_saved_folder_embeds_as_the_original(original: Path, tmp_path: Path) -> None:
    initial = load_initial(str(original))
    network = initial.config.build()
    network.load_state_dict(initial.weights)
    native.save(tmp_path / "saved", "saved", network.eval(), initial.config, 4_000, "# saved\n")
    theirs = registry.load(str(original), device="cpu")
    rng = np.random.default_rng(0)
    for samples in (8_000, 44_000):
        waves = rng.standard_normal((2, samples)).astype(np.float32)
        expected = theirs.encode_equal(waves)
        for encoder in (native.OnnxEncoder, native.TorchEncoder):
            got = encoder(tmp_path / "saved", "cpu").encode_equal(waves)
            assert cosines(got, expected).min() >= 0.9999


@pytest.mark.parametrize("family", ["speechbrain", "titanet-small"])
def test_it_trains_and_with_all_initial_weights_kept_nothing_changes(
    corpus: Path, tmp_path: Path, family: str
) -> None:
    if family == "speechbrain":
        start = speechbrain_folder(tmp_path / "start")
    else:
        start = DATA / f"{family}.nemo"
    asked = run.TrainRequest(corpus, tmp_path / "out", "tuned", str(start), recipe=STEP)
    run.train_encoder(asked, lambda progress: None)  # noqa: ARG005
    waves = np.random.default_rng(1).standard_normal((2, 16_000)).astype(np.float32)
    before, after = (
        registry.load(str(path), device="cpu").encode_equal(waves)
        for path in (start, tmp_path / "out")
    )
    assert cosines(before, after).min() >= 0.9999
    initial, again = (load_initial(str(path)) for path in (start, tmp_path / "out"))
    assert again.config == initial.config
    trained = torch.load(tmp_path / "out" / "training" / "checkpoint.pt", weights_only=True)
    moved = [
        name
        for name, weight in trained["network"].items()
        if not torch.equal(weight, initial.weights[f"voice.{name}"])
    ]
    assert len(moved) > 0.9 * len(trained["network"])


def test_every_parameter_is_in_one_stage(original: Path) -> None:
    voice = load_initial(str(original)).config.build().voice
    staged = [id(p) for stage in voice.stages() for p in stage.parameters()]
    assert sorted(staged) == sorted(id(p) for p in voice.parameters())
    assert len(voice.stages()) >= 3


def test_front_ends_light_the_band_of_a_tone(original: Path) -> None:
    frontend = load_initial(str(original)).config.frontend
    centres = frontend.centres_hz()
    assert centres.shape == (frontend.mels,)
    band = frontend.mels // 2
    wave = np.sin(2 * np.pi * centres[band] * np.arange(16_000) / 16_000)
    energies = frontend.module()(torch.from_numpy(wave[None]).float())[0]
    assert abs(int(energies.mean(dim=0).argmax()) - band) <= 1
    assert len(energies) == pytest.approx(16_000 / frontend.hop, abs=2)
    silence = frontend.module()(torch.zeros(1, 16_000))
    assert silence.min().item() == pytest.approx(frontend.floor_nepers, abs=1e-3)


def test_energies_are_in_nepers(original: Path) -> None:
    """Ten times the power is log(10) more, where nothing normalises the level."""
    config = load_initial(str(original)).config
    if config.family == "ecapa-tdnn":
        pytest.skip("this front end brings every recording to one level")
    wave = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    quiet, loud = (config.frontend.module()(wave * gain) for gain in (1.0, 10**0.5))
    assert (loud - quiet).median().item() == pytest.approx(np.log(10), abs=1e-3)


def test_nemo_s_energies_normalised_are_its_features() -> None:
    from spkret.indexer.encoders.nemo.frontend import MelSpectrogram

    config, _ = from_file(DATA / "mixed.nemo")
    wave = torch.randn(2, 20_000, generator=torch.Generator().manual_seed(0))
    ours = normalize(config.frontend.module()(wave).transpose(1, 2))
    torch.testing.assert_close(ours, MelSpectrogram(config.mel)(wave), atol=1e-3, rtol=1e-3)


def test_what_is_no_encoder_to_start_from_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="to start from"):
        load_initial(str(tmp_path))


def test_another_network_of_speechbrain_s_is_refused(tmp_path: Path) -> None:
    folder = speechbrain_folder(tmp_path)
    path = folder / "hyperparams.yaml"
    plain = path.read_text()
    path.write_text(plain.replace("    n_mels: !ref", "    deltas: True\n    n_mels: !ref"))
    with pytest.raises(EncoderError, match="plain filter banks"):
        from_folder(folder, "embedding_model.ckpt")


@pytest.mark.parametrize(
    "network",
    [{"family": "os"}, {"family": "nemo"}, {"family": "nemo", "mel": {}, "network": []}, {"x": 1}],
)
def test_unknown_networks_in_a_trained_folder_are_one_line(network: dict[str, object]) -> None:
    with pytest.raises(EncoderError, match="sizes of a trained network") as error:
        trainable.read(network)
    assert "\n" not in str(error.value)


def test_sizes_that_no_network_has_are_one_line(tmp_path: Path) -> None:
    folder = native_folder(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["network"] = {
        "family": "speechbrain-ecapa",
        "options": {"lin_neurons": 8, "oops": 1},
        "filter_bank": {},
        "deviation": False,
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match="oops") as error:
        native.load_network(folder)
    assert "\n" not in str(error.value)
