from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from spkret.errors import TaggerError, UsageError
from spkret.indexer.tagging import shipped
from spkret.indexer.tagging.base import Evidence, best
from spkret.indexer.tagging.inputs import acoustic_gender_inputs, embedded_gender_inputs
from spkret.indexer.tagging.network import Floats, Network, load
from spkret.indexer.tagging.registry import load_taggers
from spkret.store.schema import Acoustics, EncoderIdentity, TagSource

KNOWN = EncoderIdentity("known", "abcd", 6)
OTHER = EncoderIdentity("other", "ef01", 9)
NAN = float("nan")


def acoustics(f0_hz: float = 150.0) -> Acoustics:
    spectrum = np.linspace(-10, 10, 40).astype(np.float32)
    return Acoustics(2.0, 1.5, 16_000, 20.0, 7_000.0, f0_hz, spectrum, np.abs(spectrum))


def evidence(encoder: EncoderIdentity, *rows: Acoustics) -> Evidence:
    vectors = np.random.default_rng(1).normal(size=(len(rows), encoder.dimension))
    return Evidence(rows, vectors.astype(np.float32), no_sound)


def no_sound(row: int) -> Iterator[npt.NDArray[np.float32]]:
    raise AssertionError("a tagger of stored columns reads no sound")


def network(classes: tuple[str, ...], inputs: int, encoder: str = "") -> Network:
    weights = np.random.default_rng(2).normal(size=(inputs, len(classes))).astype(np.float32)
    mean = np.zeros(inputs, np.float32)
    return Network(classes, mean, mean + 50, [weights], [mean[: len(classes)]], 1.0, encoder)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    network(("background", "clean"), 85).save(tmp_path / shipped.NOISE)
    network(("f", "m"), 87).save(tmp_path / shipped.GENDER)
    network(("f", "m"), 8, KNOWN.fingerprint).save(tmp_path / shipped.EMBEDDED_GENDER)
    monkeypatch.setattr(shipped, "MODELS", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("encoder", "inputs"), [(KNOWN, embedded_gender_inputs), (OTHER, acoustic_gender_inputs)]
)
def test_an_unknown_encoder_is_told_by_sound_alone(
    models: Path, encoder: EncoderIdentity, inputs: Callable[[Evidence], Floats]
) -> None:
    file = shipped.EMBEDDED_GENDER if encoder == KNOWN else shipped.GENDER
    seen = evidence(encoder, acoustics(), acoustics(f0_hz=250.0))
    (tagger,) = load_taggers(["gender"], encoder)
    expected = load(models / file).probabilities(inputs(seen))
    np.testing.assert_array_equal(tagger.probabilities(seen), expected)


@pytest.mark.parametrize("name", ["noise", "gender"])
@pytest.mark.parametrize("encoder", [KNOWN, OTHER])
def test_what_cannot_be_measured_does_not_spoil_a_tag(
    models: Path, name: str, encoder: EncoderIdentity
) -> None:
    rows = [acoustics(), replace(acoustics(NAN), snr_db=NAN, bandwidth_hz=NAN, speech_s=0.0)]
    (tagger,) = load_taggers([name, name], encoder)
    shares = tagger.probabilities(evidence(encoder, *rows))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    alone = tagger.probabilities(evidence(encoder, rows[0]))
    if encoder == OTHER:
        np.testing.assert_allclose(shares[:1], alone, atol=1e-6)
    for tag, row in zip(best(tagger, evidence(encoder, *rows)), shares, strict=True):
        assert tag is not None
        assert (tag.source, tag.probability) == (TagSource.TAGGER, float(row.max()))
        assert tag.value == tagger.classes[row.argmax()]


def test_what_was_never_read_gets_no_tag(models: Path) -> None:
    unread = Acoustics(NAN, NAN, 0, NAN, NAN, NAN, *2 * [np.full(40, NAN, np.float32)])
    rows = evidence(OTHER, unread, acoustics())
    for tagger in load_taggers(("noise", "gender"), OTHER):
        first, second = best(tagger, rows)
        assert first is None
        assert second is not None


def test_no_rows_no_tags(models: Path) -> None:
    (tagger,) = load_taggers(["noise"], OTHER)
    assert best(tagger, evidence(OTHER)) == []


def test_a_tagger_of_other_columns_is_refused(models: Path) -> None:
    network(("f", "m"), 30).save(models / shipped.GENDER)
    shipped._read.cache_clear()
    (tagger,) = load_taggers(["gender"], OTHER)
    with pytest.raises(TaggerError, match="expected a gender tagger for 87 inputs, got one for 30"):
        tagger.probabilities(evidence(OTHER, acoustics()))


def test_a_damaged_tagger_is_one_line(models: Path) -> None:
    (models / shipped.NOISE).write_bytes(b"PK\3\4 no more")
    shipped._read.cache_clear()
    with pytest.raises(TaggerError, match=r"cannot read the tagger .*noise\.npz"):
        load_taggers(["noise"], OTHER)


def test_an_unknown_tag_is_refused() -> None:
    with pytest.raises(UsageError, match="expected a tag of noise, gender, language, got 'age'"):
        load_taggers(["age"], KNOWN)


def test_the_taggers_that_ship_are_whole() -> None:
    noise, gender = load_taggers(["noise", "gender"], OTHER)
    assert set(noise.classes) == {"background", "clean", "communication"}
    assert set(gender.classes) == {"f", "m"}
    seen = evidence(OTHER, acoustics())
    assert noise.probabilities(seen).shape == (1, 3)
    assert gender.probabilities(seen).shape == (1, 2)
