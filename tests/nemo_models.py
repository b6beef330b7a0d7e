"""Small NeMo speaker models: their configurations, waveforms to embed, and `.nemo` files."""

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import yaml

from spkret.indexer.encoders.nemo.config import read_model
from spkret.indexer.encoders.nemo.network import WaveformNetwork

DATA = Path(__file__).parent / "data" / "nemo"
MODULES = "nemo.collections.asr.modules"
# samples: half a second, lengths beside the grid of hops and of padded frames, up to 20 s
LENGTHS = (8_000, 12_345, 40_799, 40_800, 96_000, 320_000)

Config = dict[str, Any]


def preprocessor(**values: object) -> Config:
    """The front end of the published configurations, but for some values."""
    return {
        "_target_": f"{MODULES}.AudioToMelSpectrogramPreprocessor",
        "normalize": "per_feature",
        "window_size": 0.025,
        "sample_rate": 16_000,
        "window_stride": 0.01,
        "window": "hann",
        "features": 80,
        "n_fft": 512,
        "frame_splicing": 1,
        "dither": 1e-5,
        **values,
    }


def block(filters: int, kernel: int, **values: object) -> Config:
    """One block of a Jasper list."""
    return {
        "filters": filters,
        "repeat": 1,
        "kernel": [kernel],
        "stride": [1],
        "dilation": [1],
        "dropout": 0.0,
        "residual": False,
        "separable": True,
        **values,
    }


def jasper(mels: int, blocks: list[Config]) -> Config:
    """A QuartzNet-style encoder."""
    return {
        "_target_": f"{MODULES}.ConvASREncoder",
        "feat_in": mels,
        "activation": "relu",
        "conv_mask": True,
        "jasper": blocks,
    }


def decoder(feat_in: int, pool_mode: str, emb_sizes: int | list[int], **values: object) -> Config:
    """A speaker decoder for five speakers, without `values` to the contrary."""
    return {
        "_target_": f"{MODULES}.SpeakerDecoder",
        "feat_in": feat_in,
        "num_classes": 5,
        "pool_mode": pool_mode,
        "emb_sizes": emb_sizes,
        **values,
    }


def titanet(filters: int, out: int, mels: int = 80, size: int = 192, **values: object) -> Config:
    """The layout of titanet-large.yaml and titanet-small.yaml."""
    se = {"se": True, "se_context_size": -1}
    middle = {"repeat": 3, "dropout": 0.1, "residual": True, **se}
    blocks = [block(filters, kernel, **middle) for kernel in (7, 11, 15)]
    return {
        "preprocessor": preprocessor(features=mels),
        "encoder": jasper(mels, [block(filters, 3, **se), *blocks, block(out, 1, **se)]),
        "decoder": decoder(out, "attention", size, **values),
    }


def speakernet(filters: int, out: int, mels: int = 64, size: int = 256) -> Config:
    """The layout of SpeakerNet_verification_3x2x256.yaml."""
    residual = {"dropout": 0.5, "residual": True}
    blocks = [block(filters, kernel, repeat=2, **residual) for kernel in (7, 11, 15)]
    return {
        "preprocessor": preprocessor(features=mels, window_size=0.02),
        "encoder": jasper(mels, [block(filters, 3, **residual), *blocks, block(out, 1)]),
        "decoder": decoder(out, "xvector", size, angular=True),
    }


def ecapa(filters: int, mels: int = 80, size: int = 192, **values: object) -> Config:
    """The layout of ecapa_tdnn.yaml."""
    return {
        "preprocessor": preprocessor(features=mels),
        "encoder": {
            "_target_": f"{MODULES}.ECAPAEncoder",
            "feat_in": mels,
            "filters": [filters] * 4 + [3 * filters],
            "kernel_sizes": [5, 3, 3, 3, 1],
            "dilations": [1, 1, 1, 1, 1],
            "scale": 8,
        },
        "decoder": decoder(3 * filters, "attention", size, angular=True, **values),
    }


def mixed() -> Config:
    """What the published layouts leave out: strides, dilation, dense convolutions, two layers."""
    blocks = [
        block(16, 5, stride=[2], separable=False),
        block(16, 3, repeat=2, dilation=[2], residual=True, se=True, se_reduction_ratio=4),
        block(24, 1, separable=False),
    ]
    mel = preprocessor(features=20, n_fft=1_024, preemph=0.9, lowfreq=20, highfreq=7_600, pad_to=0)
    return {
        "preprocessor": mel,
        "encoder": jasper(20, blocks),
        "decoder": decoder(24, "tap", [12, 8]),
    }


SMALL = {
    "titanet-large": titanet(16, 48, mels=24, size=24, attention_channels=8),
    "titanet-small": titanet(8, 48, mels=24, size=24, attention_channels=8),
    "speakernet": speakernet(16, 48, mels=24, size=24),
    "nemo-ecapa": ecapa(8, mels=24, size=24, attention_channels=8),
    "mixed": mixed(),
}
PUBLISHED = {
    "titanet-large": titanet(1_024, 3_072),
    "titanet-small": titanet(256, 3_072),
    "speakernet": speakernet(512, 1_500),
    "nemo-ecapa": ecapa(1_024),
}


def waveforms(samples: int, count: int = 2) -> npt.NDArray[np.float32]:
    """Harmonics of a gliding pitch in noise (count, samples), the same on every machine."""
    draw = np.random.RandomState(samples)
    time = np.arange(samples) / 16_000
    rows = []
    for _ in range(count):
        pitch = draw.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * draw.uniform(1, 4) * time))
        phase = 2 * np.pi * np.cumsum(pitch) / 16_000
        tilt, noise = draw.uniform(0.3, 1.5), 10 ** draw.uniform(-2.5, -1)
        voice = sum(np.sin(k * phase) / k**tilt for k in range(1, 25))
        loudness = 0.6 + 0.4 * np.sin(2 * np.pi * draw.uniform(2, 5) * time)
        rows.append(0.1 * voice * loudness + noise * draw.standard_normal(samples))
    return np.array(rows, dtype=np.float32)


def random_weights(config: Config, seed: int = 0) -> dict[str, torch.Tensor]:
    """The weights of a network of this configuration, under NeMo's names."""
    torch.manual_seed(seed)
    network = WaveformNetwork(read_model(config, "the test")).eval()
    names = {"frontend.": "preprocessor.featurizer.", "network.": ""}
    return {
        new + name.removeprefix(old): weight
        for name, weight in network.state_dict().items()
        for old, new in names.items()
        if name.startswith(old)
    }


def members(config: Config, weights: object = None) -> dict[str, bytes]:
    """The two members of a `.nemo` file; random weights unless others are given."""
    buffer = io.BytesIO()
    torch.save(random_weights(config) if weights is None else weights, buffer)
    return {
        "./model_config.yaml": yaml.safe_dump(config).encode(),
        "./model_weights.ckpt": buffer.getvalue(),
    }


def pack(path: Path, contents: dict[str, bytes], mode: str = "w") -> Path:
    """Write a `.nemo` file: a tar of these members."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def nemo_file(path: Path, name: str = "titanet-small") -> Path:
    """A small model with random weights."""
    return pack(path, members(SMALL[name]))
