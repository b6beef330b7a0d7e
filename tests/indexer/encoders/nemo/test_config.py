"""Configurations: what is read, and what is refused by name."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nemo_models import MODULES, PUBLISHED, SMALL, Config, preprocessor

from spkret.errors import EncoderError
from spkret.indexer.encoders.nemo.config import (
    BlockConfig,
    DecoderConfig,
    MelConfig,
    ModelConfig,
    read_model,
    speakernet,
)

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
ASR = {
    "preprocessor": preprocessor(),
    "encoder": {"_target_": f"{MODULES}.ConformerEncoder", "feat_in": 80},
    "decoder": {"_target_": f"{MODULES}.ConvASRDecoder"},
}


def changed(config: Config, path: str, value: object) -> Config:
    """A copy of a configuration with another value at a dotted path."""
    config = copy.deepcopy(config)
    *above, last = path.split(".")
    place: Any = config
    for key in above:
        place = place[int(key) if key.isdigit() else key]
    place[last] = value
    return config


def test_the_published_speakernet_is_read() -> None:
    model = read_model(PUBLISHED["speakernet"], "the test")
    assert model.mel == MelConfig(mels=64, window=320)
    assert model.network == speakernet()


def test_the_published_titanet_is_read() -> None:
    network = read_model(PUBLISHED["titanet-large"], "the test").network
    assert network.decoder == DecoderConfig("attention", (192,), 128)
    assert network.encoder.blocks[1] == BlockConfig(  # type: ignore[union-attr]
        1_024, kernel=7, repeat=3, dropout=0.1, squeeze=8
    )


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("speakernet", "preprocessor.normalize", "all_features"),
        ("speakernet", "preprocessor.sample_rate", 8_000),
        ("speakernet", "preprocessor.window", "hamming"),
        ("speakernet", "preprocessor.n_fft", 10**9),
        ("speakernet", "preprocessor.window_size", "long"),
        ("speakernet", "encoder.activation", "selu"),
        ("speakernet", "encoder.conv_mask", False),
        ("speakernet", "encoder.feat_in", 65),
        ("speakernet", "encoder.jasper", []),
        ("speakernet", "encoder.jasper.1.filters", 10**12),
        ("speakernet", "encoder.jasper.1.filters", True),
        ("speakernet", "encoder.jasper.1.stride", [2]),
        ("speakernet", "encoder.jasper.1.residual_mode", "max"),
        ("speakernet", "decoder.feat_in", 7),
        ("speakernet", "decoder.pool_mode", "gram"),
        ("speakernet", "decoder.emb_sizes", []),
        ("nemo-ecapa", "encoder.kernel_sizes", [5, 3]),
        ("nemo-ecapa", "encoder.scale", 0),
    ],
)
def test_what_is_not_built_here_is_refused_by_name(name: str, path: str, value: object) -> None:
    with pytest.raises(EncoderError) as error:
        read_model(changed(SMALL[name], path, value), "x.nemo")
    assert "\n" not in str(error.value)
    assert path.rsplit(".", 1)[-1] in str(error.value)


def test_a_model_of_speech_recognition_is_refused() -> None:
    with pytest.raises(EncoderError, match=r"speaker model's ConvASREncoder.*ConformerEncoder"):
        read_model(ASR, "x.nemo")


@given(JUNK, st.sampled_from(["preprocessor", "encoder", "decoder", "encoder.jasper"]))
def test_junk_is_refused_with_one_line(junk: object, path: str) -> None:
    for document in (junk, changed(SMALL["speakernet"], path, junk)):
        with pytest.raises(EncoderError) as error:
            read_model(document, "x.nemo")
        assert "\n" not in str(error.value)


@given(
    JUNK,
    st.sampled_from(["preprocessor.n_fft", "preprocessor.preemph", "encoder.jasper.0.kernel"])
    | st.sampled_from(["decoder.emb_sizes", "encoder.jasper.2.se", "preprocessor.lowfreq"]),
)
def test_a_junk_value_is_read_or_refused(junk: object, path: str) -> None:
    try:
        assert isinstance(read_model(changed(SMALL["mixed"], path, junk), "x"), ModelConfig)
    except EncoderError as error:
        assert "\n" not in str(error)  # noqa: PT017 - junk may be a good value
