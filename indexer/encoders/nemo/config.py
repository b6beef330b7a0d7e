"""What a NeMo speaker model is made of: sizes as plain data, read from its `model_config.yaml`."""

from dataclasses import dataclass
from typing import Literal

from .sections import Section

Pooling = Literal["xvector", "tap", "attention"]


@dataclass(frozen=True, slots=True)
class MelConfig:
    """Sizes of the mel front end: samples for `window` and `hop`, hertz for the band edges."""

    mels: int = 80
    window: int = 400
    hop: int = 160
    fft: int = 512
    low_hz: float = 0.0
    high_hz: float = 8000.0
    preemphasis: float = 0.97
    guard: float = 2.0**-24


@dataclass(frozen=True, slots=True)
class BlockConfig:
    """One block: `repeat` times convolution, batch normalisation, ReLU and dropout.

    `squeeze` divides the channels inside a squeeze-and-excitation at the end; 0 leaves it out. A
    residual block keeps every frame, so its `stride` is 1.
    """

    channels: int
    kernel: int
    repeat: int = 1
    stride: int = 1
    dilation: int = 1
    dropout: float = 0.0
    residual: bool = True
    separable: bool = True
    squeeze: int = 0


@dataclass(frozen=True, slots=True)
class QuartzNetConfig:
    """A QuartzNet-style encoder (SpeakerNet, TitaNet): the bands that go in, and its blocks."""

    mels: int
    blocks: tuple[BlockConfig, ...]

    @property
    def channels(self) -> int:
        """Channels of the frames that come out."""
        return self.blocks[-1].channels


@dataclass(frozen=True, slots=True)
class EcapaConfig:
    """NeMo's ECAPA encoder: channels, kernels and dilations of its layers, from first to last.

    Its convolutions see frames of silence after the last one, up to a multiple of `pad_to`, because
    NeMo's front end appends them and nothing masks them there.
    """

    mels: int
    filters: tuple[int, ...]
    kernels: tuple[int, ...]
    dilations: tuple[int, ...]
    groups: int = 8
    pad_to: int = 16

    @property
    def channels(self) -> int:
        """Channels of the frames that come out."""
        return self.filters[-1]


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Pooling over time, then one layer for each of `sizes`; the last one is the embedding."""

    pooling: Pooling = "xvector"
    sizes: tuple[int, ...] = (256,)
    attention: int = 128


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """An encoder and the decoder behind it."""

    encoder: QuartzNetConfig | EcapaConfig
    decoder: DecoderConfig = DecoderConfig()

    @property
    def dimension(self) -> int:
        """The dimension of an embedding."""
        return self.decoder.sizes[-1]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A whole model, from waveforms to embeddings."""

    mel: MelConfig
    network: NetworkConfig


def speakernet(
    mels: int = 64, channels: int = 512, pooled: int = 1500, dimension: int = 256
) -> NetworkConfig:
    """SpeakerNet: three residual blocks of two separable convolutions, statistics pooling.

    Koluguri et al. 2020, "SpeakerNet: 1D depth-wise separable convolutional network for
    text-independent speaker recognition and verification"; the defaults are the published model's.
    """
    first = BlockConfig(channels, kernel=3, dropout=0.5)
    middle = [BlockConfig(channels, kernel, repeat=2, dropout=0.5) for kernel in (7, 11, 15)]
    last = BlockConfig(pooled, kernel=1, residual=False)
    return NetworkConfig(
        QuartzNetConfig(mels, (first, *middle, last)), DecoderConfig(sizes=(dimension,))
    )


def read_model(document: object, origin: str) -> ModelConfig:
    """The sizes that a parsed `model_config.yaml` describes.

    Parameters
    ----------
    document : the file's content as plain data
    origin : where it is from, for error messages

    Raises
    ------
    EncoderError
        It describes no speaker model, or one with parts that are not known here.
    """
    model = Section(document, origin)
    preprocessor = model.section("preprocessor", "AudioToMelSpectrogramPreprocessor")
    encoder = model.section("encoder", "ConvASREncoder", "ECAPAEncoder")
    decoder = model.section("decoder", "SpeakerDecoder")
    read = _quartznet if encoder.target == "ConvASREncoder" else _ecapa
    network = NetworkConfig(read(encoder, preprocessor), _decoder(decoder))
    mel = _mel(preprocessor)
    encoder.fixed(feat_in=mel.mels)
    decoder.fixed(feat_in=network.encoder.channels)
    return ModelConfig(mel, network)


def _mel(section: Section) -> MelConfig:
    section.fixed(sample_rate=16_000, normalize="per_feature", window="hann", log=True)
    section.fixed(frame_splicing=1, exact_pad=False, mag_power=2.0, mel_norm="slaney", pad_value=0)
    section.fixed(log_zero_guard_type="add")
    window = _samples(section, "window_size", 0.02)
    return MelConfig(
        mels=section.integer("features", 64, most=512),
        window=window,
        hop=_samples(section, "window_stride", 0.01),
        fft=section.integer("n_fft", 1 << (window - 1).bit_length(), least=window, most=8_192),
        low_hz=section.number("lowfreq", 0.0, 0.0, 7_999.0),
        high_hz=section.number("highfreq", 8_000.0, 1.0, 8_000.0),
        preemphasis=section.number("preemph", 0.97, 0.0, 1.0),
        guard=section.number("log_zero_guard_value", 2.0**-24, 1e-30, 1.0),
    )


def _samples(section: Section, key: str, default: float) -> int:
    """A length that is given in seconds under `key` or in samples under `n_` + `key`."""
    if section.has(f"n_{key}"):
        return section.integer(f"n_{key}", least=16, most=1_600)
    return int(section.number(key, default, 0.001, 0.1) * 16_000)


def _quartznet(section: Section, _: Section) -> QuartzNetConfig:
    section.fixed(activation="relu", normalization_mode="batch", residual_mode="add")
    section.fixed(conv_mask=True, frame_splicing=1, quantize=False)
    blocks = tuple(_block(block) for block in section.sections("jasper"))
    return QuartzNetConfig(section.integer("feat_in"), blocks)


def _block(section: Section) -> BlockConfig:
    section.fixed(groups=1, heads=-1, residual_mode="add", residual_dense=False)
    section.fixed(kernel_size_factor=1.0, stride_last=False, future_context=-1)
    residual = section.flag("residual", True)
    if residual:
        section.fixed(stride=1)
    return BlockConfig(
        channels=section.integer("filters"),
        kernel=section.integer("kernel", most=1_023),
        repeat=section.integer("repeat", most=64),
        stride=section.integer("stride", 1, most=16),
        dilation=section.integer("dilation", 1, most=64),
        dropout=section.number("dropout", 0.0, 0.0, 0.99),
        residual=residual,
        separable=section.flag("separable", False),
        squeeze=section.integer("se_reduction_ratio", 8) if section.flag("se", False) else 0,
    )


def _ecapa(section: Section, preprocessor: Section) -> EcapaConfig:
    filters = section.integers("filters", least=3)
    kernels = section.integers("kernel_sizes", least=len(filters))
    dilations = section.integers("dilations", least=len(filters))
    return EcapaConfig(
        mels=section.integer("feat_in"),
        filters=filters,
        kernels=kernels,
        dilations=dilations,
        groups=section.integer("scale", 8),
        pad_to=max(1, preprocessor.integer("pad_to", 16, least=0, most=4_096)),
    )


def _decoder(section: Section) -> DecoderConfig:
    poolings: dict[str, Pooling] = {"xvector": "xvector", "tap": "tap", "attention": "attention"}
    return DecoderConfig(
        pooling=poolings[section.choice("pool_mode", "xvector", *poolings)],
        sizes=section.integers("emb_sizes", default=256),
        attention=section.integer("attention_channels", 128),
    )
