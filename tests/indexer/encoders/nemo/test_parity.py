"""NeMo's own embeddings: the files that NeMo wrote, and NeMo itself where it is installed."""

import copy
import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torchaudio
from nemo_models import DATA, LENGTHS, PUBLISHED, SMALL, Config, decoder, nemo_file, waveforms

from spkret.indexer.encoders import registry
from spkret.indexer.encoders.nemo import NemoEncoder
from spkret.indexer.encoders.nemo.config import MelConfig, read_model, speakernet
from spkret.indexer.encoders.nemo.frontend import slaney_filters
from spkret.indexer.encoders.nemo.network import Network, WaveformNetwork, renamed

needs_nemo = pytest.mark.skipif(
    importlib.util.find_spec("nemo") is None, reason="needs NeMo: pip install 'spkret[nemo]'"
)
# what NVIDIA states, in millions, with a classifier of so many speakers; SpeakerNet-M's is left out
STATED = [
    (PUBLISHED["titanet-large"], 16_681, 25.3),
    (PUBLISHED["nemo-ecapa"], 7_205, 22.3),
    ({**PUBLISHED["speakernet"], "decoder": decoder(1_500, "xvector", [512, 512])}, 0, 5.0),
]


def unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def meta_network(config: Config) -> WaveformNetwork:
    with torch.device("meta"):
        return WaveformNetwork(read_model(config, "the test"))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("samples", LENGTHS)
def test_embeddings_equal_those_that_nemo_wrote(name: str, samples: int) -> None:
    encoder = NemoEncoder(DATA / f"{name}.nemo")
    expected = unit(np.load(DATA / f"{name}.npz")[str(samples)])
    found = unit(encoder.encode_equal(waveforms(samples)))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found * expected).sum(1).min() > 1 - 1e-6


@needs_nemo
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.filterwarnings("ignore")
def test_embeddings_equal_nemos_live(name: str, tmp_path: Path) -> None:
    from nemo_fixtures import random_model, reference

    model = random_model(SMALL[name], seed=7)
    model.save_to(str(tmp_path / "live.nemo"))
    encoder = NemoEncoder(tmp_path / "live.nemo")
    for samples in LENGTHS:
        found = unit(encoder.encode_equal(waveforms(samples)))
        np.testing.assert_allclose(found, unit(reference(model, samples)), atol=1e-5)


@needs_nemo
@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.filterwarnings("ignore")
def test_published_layouts_have_nemos_keys_and_shapes(name: str) -> None:
    from nemo.collections.asr.models import EncDecSpeakerLabelModel
    from omegaconf import OmegaConf  # type: ignore[import-not-found,unused-ignore]

    config = OmegaConf.create(copy.deepcopy(PUBLISHED[name]))
    theirs = EncDecSpeakerLabelModel(cfg=config).state_dict()
    ours = meta_network(PUBLISHED[name]).state_dict()
    assert set(theirs) - {"decoder.final.weight", "decoder.final.bias"} == {
        key for key in theirs if renamed({key: theirs[key]})
    }
    assert {key: value.shape for key, value in renamed(theirs).items()} == {
        key: value.shape for key, value in ours.items()
    }


@pytest.mark.parametrize(("config", "speakers", "millions"), STATED)
def test_published_layouts_have_the_stated_number_of_parameters(
    config: Config, speakers: int, millions: float
) -> None:
    network = meta_network(config)
    classifier = speakers * read_model(config, "the test").network.dimension
    found = sum(weight.numel() for weight in network.parameters()) + classifier
    assert found / 1e6 == pytest.approx(millions, abs=0.05)


def test_the_filters_are_slaneys() -> None:
    config = MelConfig(mels=40, low_hz=20.0, high_hz=7_600.0)
    expected = torchaudio.functional.melscale_fbanks(
        config.fft // 2 + 1, config.low_hz, config.high_hz, config.mels, 16_000, "slaney", "slaney"
    )
    np.testing.assert_allclose(slaney_filters(config), expected.T, atol=1e-6)


def test_half_a_second_and_a_minute_in_one_batch_equal_one_by_one(tmp_path: Path) -> None:
    encoder = NemoEncoder(nemo_file(tmp_path / "small.nemo"))
    lengths = np.array([8_000, 12_345, 160_000, 960_000])
    waves = np.zeros((4, 960_000), np.float32)
    for row, length in enumerate(lengths):
        waves[row, :length] = waveforms(length, count=1)[0]
    together = unit(encoder.encode(waves, lengths))
    for row, length in enumerate(lengths):
        alone = unit(encoder.encode(waves[row : row + 1, :length], lengths[row : row + 1]))[0]
        assert alone @ together[row] > 0.9999


@pytest.mark.parametrize("name", SMALL)
def test_a_batch_of_one_length_equals_one_by_one(name: str) -> None:
    encoder = NemoEncoder(DATA / f"{name}.nemo")
    waves = waveforms(24_000, count=3)
    alone = np.concatenate([encoder.encode_equal(wave[None]) for wave in waves])
    assert (unit(encoder.encode_equal(waves)) * unit(alone)).sum(1).min() > 0.9999


def test_a_small_speakernet_learns_from_scratch() -> None:
    torch.manual_seed(0)
    network = Network(speakernet(mels=20, channels=16, pooled=32, dimension=12))
    features, labels = torch.randn(8, 20, 50), torch.arange(8)
    features += 3 * torch.randn(8, 20, 1)
    head = torch.nn.Linear(12, 8)
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], 1e-2)
    losses = []
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(head(network(features)), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.filterwarnings("ignore")
def test_an_exported_graph_gives_the_same_embeddings(name: str, tmp_path: Path) -> None:
    import onnxruntime

    encoder = NemoEncoder(DATA / f"{name}.nemo")
    torch.onnx.export(
        encoder.torch_module(),
        (torch.from_numpy(waveforms(16_000)),),
        tmp_path / "graph.onnx",
        input_names=["waveforms"],
        dynamic_axes={"waveforms": {0: "batch", 1: "samples"}},
        opset_version=17,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(tmp_path / "graph.onnx")
    for samples in (4_000, 40_000):
        waves = waveforms(samples, count=3)
        found = session.run(None, {"waveforms": waves})[0]
        assert (unit(found) * unit(encoder.encode_equal(waves))).sum(1).min() > 0.9999


@pytest.mark.gpu
@pytest.mark.parametrize("name", SMALL)
def test_half_precision_on_the_gpu_equals_the_cpu(name: str) -> None:
    path, waves = DATA / f"{name}.nemo", waveforms(48_000, count=8)
    cpu = registry.load(str(path), "cpu").encode_equal(waves)
    gpu = registry.load(str(path), "cuda").encode_equal(waves)
    assert (unit(cpu) * unit(gpu)).sum(1).min() >= 0.999
