"""Small encoders in each family's own format, built with random weights."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from spkret.indexer.encoders import native
from spkret.indexer.encoders.ecapa_tdnn import NetworkConfig

SMALL = NetworkConfig(channels=16, pooled=48, attention=8, squeeze=8, voice=24, colour=8)

HYPERPARAMS = """\
pretrained_path: speechbrain/spkrec-ecapa-voxceleb
n_mels: 20
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [16, 16, 16, 16, 48]
    kernel_sizes: [5, 3, 3, 3, 1]
    dilations: [1, 2, 3, 4, 1]
    attention_channels: 8
    se_channels: 8
    lin_neurons: 24
classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
    input_size: 24
    out_neurons: 3
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
"""


def native_folder(folder: Path, seed: int = 0) -> Path:
    """An encoder folder as `train-encoder` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _native_files(seed).items():
        (folder / name).write_bytes(content)
    return folder


@cache
def _native_files(seed: int) -> dict[str, bytes]:
    torch.manual_seed(seed)
    network = SMALL.build().eval()
    network.colour.share.data.fill_(0.9)
    with TemporaryDirectory() as folder:
        native.save(Path(folder), "small", network, SMALL, 4_000, "# small\n")
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def speechbrain_folder(folder: Path, seed: int = 0) -> Path:
    """A folder as SpeechBrain publishes its ECAPA-TDNN."""
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    torch.manual_seed(seed)
    network = ECAPA_TDNN(
        20,
        lin_neurons=24,
        channels=[16, 16, 16, 16, 48],
        attention_channels=8,
        se_channels=8,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hyperparams.yaml").write_text(HYPERPARAMS)
    torch.save(network.state_dict(), folder / "embedding_model.ckpt")
    return folder


class KaldiNetwork(torch.nn.Module):
    """A small TDNN over 80 bands: features (batch, frames, 80) to embeddings (batch, 24)."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = torch.nn.Conv1d(80, 32, 5, dilation=2)
        self.norm = torch.nn.BatchNorm1d(32)
        self.last = torch.nn.Linear(64, 24)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Frames, then mean and deviation, then a linear layer."""
        hidden = self.norm(self.frames(features.transpose(1, 2)).relu())
        statistics = torch.cat([hidden.mean(2), hidden.std(2)], dim=1)
        embeddings: torch.Tensor = self.last(statistics)
        return embeddings


def kaldi_onnx(
    path: Path,
    metadata: dict[str, str] | None = None,
    names: tuple[str, str] = ("feats", "embs"),
    axes: tuple[int, ...] = (0, 1),
    module: torch.nn.Module | None = None,
    example: torch.Tensor | None = None,
) -> Path:
    """An ONNX file as WeSpeaker exports it; `axes` of the input are dynamic."""
    import warnings

    import onnx

    torch.manual_seed(0)
    example = torch.randn(1, 200, 80) if example is None else example
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            (module or KaldiNetwork()).eval(),
            (example,),
            path,
            input_names=[names[0]],
            output_names=[names[1]],
            dynamic_axes={names[0]: {a: "BT"[a] for a in axes}, names[1]: {0: "B"}},
            opset_version=14,
            dynamo=False,
        )
    model = onnx.load(path)
    for key, value in (metadata or {}).items():
        model.metadata_props.add(key=key, value=value)
    onnx.save(model, path)
    return path


XVECTOR = """\
embedding_model: !new:speechbrain.lobes.models.Xvector.Xvector
    in_channels: !ref <n_mels>
    activation: !name:torch.nn.LeakyReLU
    tdnn_blocks: 3
    tdnn_channels: [!ref <width>, !ref <width>, 24]
    tdnn_kernel_sizes: [5, 3, 1]
    tdnn_dilations: [1, 2, 1]
    lin_neurons: 24
"""

RESNET = """\
embedding_model: !new:speechbrain.lobes.models.ResNet.ResNet
    input_size: !ref <n_mels>
    channels: [4, 4, 8, 8]
    block_sizes: [1, 1, 1, 1]
    strides: [1, 2, 2, 2]
    lin_neurons: 24
"""


def hyperparams_of(network: str) -> str:
    """The hyperparameters of an encoder with another network, which a yaml section describes."""
    start = HYPERPARAMS.index("embedding_model: !new")
    end = HYPERPARAMS.index("classifier: !new")
    return f"width: 12\n{HYPERPARAMS[:start]}{network}{HYPERPARAMS[end:]}"


def xvector_folder(folder: Path, seed: int = 0) -> Path:
    """A folder as SpeechBrain publishes its x-vector."""
    from speechbrain.lobes.models.Xvector import Xvector

    torch.manual_seed(seed)
    network = Xvector(
        in_channels=20,
        tdnn_blocks=3,
        tdnn_channels=[12, 12, 24],
        tdnn_kernel_sizes=[5, 3, 1],
        tdnn_dilations=[1, 2, 1],
        lin_neurons=24,
    )
    return _speechbrain_folder(folder, network, XVECTOR)


def resnet_folder(folder: Path, seed: int = 0) -> Path:
    """A folder as SpeechBrain publishes its ResNet."""
    from speechbrain.lobes.models.ResNet import ResNet

    torch.manual_seed(seed)
    network = ResNet(20, channels=[4, 4, 8, 8], block_sizes=[1, 1, 1, 1], lin_neurons=24)
    return _speechbrain_folder(folder, network, RESNET)


def _speechbrain_folder(folder: Path, network: torch.nn.Module, section: str) -> Path:
    """Write a network whose batch normalisation has seen something."""
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(0.5 + torch.rand_like(buffer))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hyperparams.yaml").write_text(hyperparams_of(section))
    torch.save(network.state_dict(), folder / "embedding_model.ckpt")
    return folder


LANGUAGE_PARAMS = """\
pretrained_path: speechbrain/lang-id-voxlingua107-ecapa
n_mels: 20
out_n_neurons: 5
compute_features: !new:speechbrain.lobes.features.Fbank
  n_mels: 20
  left_frames: 0
  right_frames: 0
  deltas: false
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
  input_size: 20
  channels: [16, 16, 16, 16, 48]
  kernel_sizes: [5, 3, 3, 3, 1]
  dilations: [1, 2, 3, 4, 1]
  attention_channels: 8
  lin_neurons: 24
classifier: !new:speechbrain.lobes.models.Xvector.Classifier
  input_shape: [null, null, 24]
  activation: !name:torch.nn.LeakyReLU
  lin_blocks: 1
  lin_neurons: 12
  out_neurons: !ref <out_n_neurons>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
  norm_type: sentence
  std_norm: false
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
        label_encoder: !ref <label_encoder>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        classifier: !ref <pretrained_path>/classifier.ckpt
        label_encoder: !ref <pretrained_path>/label_encoder.txt
"""

LANGUAGE_LABELS = ("en: English", "iw: Hebrew", "zh-CN: Chinese", "jw: Javanese", "zh-TW: Chinese")


def language_folder(folder: Path, seed: int = 0) -> Path:
    """A folder as SpeechBrain publishes its language identifier, with five labels."""
    from speechbrain.dataio.encoder import CategoricalEncoder
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
    from speechbrain.lobes.models.Xvector import Classifier

    torch.manual_seed(seed)
    channels = [16, 16, 16, 16, 48]
    network = ECAPA_TDNN(20, lin_neurons=24, channels=channels, attention_channels=8)
    classifier = Classifier([None, None, 24], lin_neurons=12, out_neurons=len(LANGUAGE_LABELS))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hyperparams.yaml").write_text(LANGUAGE_PARAMS)
    for module, name in ((network, "embedding_model"), (classifier, "classifier")):
        for key, buffer in module.named_buffers():
            if key.endswith(("running_mean", "running_var")):
                buffer.copy_(0.5 + torch.rand_like(buffer))
        torch.save(module.state_dict(), folder / f"{name}.ckpt")
    labels = CategoricalEncoder()
    labels.update_from_iterable(LANGUAGE_LABELS, sequence_input=False)
    labels.save(folder / "label_encoder.txt")
    return folder
