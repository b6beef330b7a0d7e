"""Language by SpeechBrain's classifier: its own log-posteriors, and nothing of a folder is run."""

import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from encoder_folders import LANGUAGE_LABELS, language_folder
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from spkret.errors import AudioError, EncoderError
from spkret.indexer.encoders import hub
from spkret.indexer.languages import primary_subtag
from spkret.indexer.tagging.base import Evidence, best
from spkret.indexer.tagging.language import LanguageTagger, excerpts, spread
from spkret.indexer.tagging.language_folder import find_folder
from spkret.store.schema import TagSource

Wave = npt.NDArray[np.float32]
RATE = 16_000
LANGUAGES = ["en", "he", "jv", "zh"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return language_folder(tmp_path_factory.mktemp("language") / "lang-id")


@pytest.fixture(scope="module")
def tagger(folder: Path) -> LanguageTagger:
    return LanguageTagger(folder)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return language_folder(tmp_path / "copy")


def waves(rows: int, samples: int, seed: int = 0) -> Wave:
    noise = np.random.default_rng(seed).standard_normal((rows, samples))
    return np.asarray(0.1 * np.cumsum(noise, axis=1) / 20, np.float32)


def evidence(*files: list[Wave]) -> Evidence:
    """What a tagger is given of files: their windows alone."""

    def windows(row: int) -> Iterator[Wave]:
        yield from files[row]

    return Evidence([None] * len(files), np.zeros((len(files), 4), np.float32), windows)  # type: ignore[list-item]


def theirs(folder: Path, waveforms: Wave) -> tuple[Wave, list[str]]:
    """Log-posteriors and labels of SpeechBrain's own classifier."""
    from speechbrain.inference.classifiers import EncoderClassifier
    from speechbrain.utils.fetching import FetchConfig

    classifier = EncoderClassifier.from_hparams(
        str(folder),
        overrides={"pretrained_path": str(folder)},
        fetch_config=FetchConfig(allow_network=False),
    )
    classifier.hparams.label_encoder.expect_len(len(LANGUAGE_LABELS))
    with torch.no_grad():
        found, _, _, labels = classifier.classify_batch(torch.from_numpy(waveforms))
    return np.asarray(found.numpy()), labels


@pytest.mark.parametrize("samples", [8_000, 16_000, 53_211])
def test_log_posteriors_are_speechbrains(
    folder: Path, tagger: LanguageTagger, samples: int
) -> None:
    batch = waves(3, samples)
    expected, labels = theirs(folder, batch)
    found = tagger.log_posteriors(batch)
    assert_allclose(found, expected, atol=1e-4)
    assert [LANGUAGE_LABELS[row.argmax()] for row in found] == labels


def test_labels_become_primary_subtags_and_those_of_one_language_add_up(
    tagger: LanguageTagger,
) -> None:
    batch = waves(2, 16_000)
    en, he, chinese, jv, taiwan = np.exp(tagger.log_posteriors(batch)).T
    assert tagger.classes == LANGUAGES
    expected = np.stack([en, he, jv, chinese + taiwan], axis=1)
    assert_allclose(
        tagger.probabilities(evidence(*([wave] for wave in batch))), expected, atol=1e-5
    )


def test_a_long_file_has_the_mean_of_its_log_posteriors(tagger: LanguageTagger) -> None:
    parts = waves(3, 10 * RATE)
    mean = tagger.log_posteriors(parts).mean(axis=0)
    posterior = np.exp(mean) / np.exp(mean).sum()
    expected = [posterior[0], posterior[1], posterior[3], posterior[2] + posterior[4]]
    found = tagger.probabilities(evidence([np.concatenate(parts[:2]), parts[2]]))
    assert_allclose(found[0], expected, atol=1e-5)


def test_a_row_does_not_depend_on_the_others(tagger: LanguageTagger) -> None:
    files = [list(waves(1, 30_000, 1)), list(waves(1, 12_000, 2)), list(waves(2, 480_000, 3))]
    alone = np.concatenate([tagger.probabilities(evidence(file)) for file in files])
    assert_allclose(tagger.probabilities(evidence(*files)), alone, atol=1e-6)


def test_lengths_may_be_mixed(tagger: LanguageTagger) -> None:
    mixed = [
        [waves(1, samples, samples)[0]] for samples in (9_000, 16_000, 9_000, *range(9_001, 9_009))
    ]
    alone = np.concatenate([tagger.probabilities(evidence(file)) for file in mixed])
    assert_allclose(tagger.probabilities(evidence(*mixed)), alone, atol=1e-6)


def test_a_clip_below_half_a_second_is_repeated(tagger: LanguageTagger) -> None:
    clip = waves(1, 1_600)[0]
    repeated, once = tagger.probabilities(evidence([np.resize(clip, 8_000)], [clip]))
    assert_array_equal(once, repeated)


def test_a_file_that_is_gone_has_no_language(tagger: LanguageTagger) -> None:
    def windows(row: int) -> Iterator[Wave]:
        if row:
            raise AudioError("missing", "no such file")
        yield waves(1, 20_000)[0]

    gone = Evidence([None] * 2, np.zeros((2, 4), np.float32), windows)  # type: ignore[list-item]
    assert [tag is None for tag in best(tagger, gone)] == [False, True]


def test_silence_has_no_language(tagger: LanguageTagger) -> None:
    silence = np.zeros(20_000, np.float32)
    heard, unheard = best(tagger, evidence([waves(1, 20_000)[0], silence], [silence]))
    assert unheard is None
    assert heard is not None
    assert heard.source == TagSource.TAGGER
    assert heard.value in LANGUAGES


def test_silent_parts_do_not_count(tagger: LanguageTagger) -> None:
    wave, silence = waves(1, 10 * RATE)[0], np.zeros(10 * RATE, np.float32)
    assert_array_equal(
        tagger.probabilities(evidence([wave])),
        tagger.probabilities(evidence([np.concatenate([silence, wave, silence])])),
    )


def test_excerpts_cover_the_windows_and_are_of_ten_seconds_at_most() -> None:
    windows = list(waves(2, 25 * RATE + 7))
    cut = list(excerpts(windows))
    assert len(cut) == 6
    assert max(map(len, cut)) <= 10 * RATE
    assert_array_equal(np.concatenate(cut), np.concatenate(windows))


@given(st.integers(0, 400), st.sampled_from([2, 4, 8]))
def test_a_stream_is_thinned_evenly(count: int, most: int) -> None:
    parts = [np.array([number], np.float32) for number in range(count)]
    kept = [int(part[0]) for part in spread(iter(parts), most)]
    assert len(kept) <= most
    assert len(set(np.diff(kept))) <= 1
    assert kept == list(range(count)) if count <= most else len(kept) > most // 2
    assert not kept or count - kept[-1] <= max(1, *np.diff(kept), 1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("zh-CN", "zh"), ("en_US", "en"), ("iw", "he"), ("JW", "jv"), ("ceb", "ceb"), ("", "und"),
     ("in", "id"), ("ji", "yi"), ("mo-MD", "ro"), ("x", "und"), ("1", "und"),
     ("eng", "eng"), ("cmn", "cmn"), ("und", "und"), ("abcd", "und"), ("abcdefgh", "und")],
)  # fmt: skip
def test_primary_subtags(written: str, expected: str) -> None:
    assert primary_subtag(written) == expected


NAMES = {
    **{"afrikaans": "af", "arabic": "ar", "basque": "eu", "belarusian": "be", "cantonese": "yue"},
    **{"chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en"},
    **{"english (us)": "en", "french": "fr", "german": "de", "greek": "el", "gujarati": "gu"},
    **{"hausa": "ha", "hebrew": "he", "icelandic": "is", "indonesian": "id", "kazakh": "kk"},
    **{"malay": "ms", "mandarin": "zh", "mandarin chinese": "zh", "marathi": "mr"},
    **{"norwegian": "no", "persian": "fa", "punjabi": "pa", "serbian": "sr", "swahili": "sw"},
    **{"tagalog": "tl", "tatar": "tt", "welsh": "cy", "yoruba": "yo"},
}


@pytest.mark.parametrize("write", [str.lower, str.title, " {} ".format])
def test_languages_are_known_by_name(write: Callable[[str], str]) -> None:
    assert {name: primary_subtag(write(name)) for name in NAMES} == NAMES


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_unknown(text: str) -> None:
    assert re.fullmatch("[a-z]{2,3}", primary_subtag(text))


class Trap:
    """What would run code if it were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('ran')",)


def test_no_pickle_runs(copy: Path) -> None:
    (copy / "classifier.ckpt").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(EncoderError, match=r"classifier\.ckpt.*a pickle of more than tensors"):
        LanguageTagger(copy).probabilities(evidence([waves(1, 16_000)[0]]))


def test_no_yaml_runs(copy: Path) -> None:
    path = copy / "hyperparams.yaml"
    path.write_text(f"seed: !apply:os.abort []\n{path.read_text()}")
    with pytest.raises(EncoderError, match="would run code"):
        LanguageTagger(copy)


def test_another_classifier_is_refused(copy: Path) -> None:
    path = copy / "hyperparams.yaml"
    path.write_text(path.read_text().replace("Xvector.Classifier", "ECAPA_TDNN.Classifier"))
    with pytest.raises(EncoderError, match=r"Xvector\.Classifier.*got.*ECAPA_TDNN\.Classifier"):
        LanguageTagger(copy)


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "0 labels"), ("en\n", "'en'"), ("'English' => 0\n", "English"), ("'en: E' => x\n", "x"),
     ("'en' => 0\n'de' => 0\n", "2 labels"), ("'en' => 1\n", "1 labels"),
     ("__import__('os') => 0\n", "malformed"), ("(' => 0\n", "got")],
)  # fmt: skip
def test_labels_that_are_none(copy: Path, text: str, told: str) -> None:
    (copy / "label_encoder.txt").write_text(text)
    with pytest.raises(EncoderError, match=told) as caught:
        LanguageTagger(copy)
    assert "\n" not in str(caught.value)


def test_labels_of_another_model(copy: Path) -> None:
    (copy / "label_encoder.txt").write_text("'en: English' => 0\n")
    with pytest.raises(EncoderError, match="5 dimensions instead of 1"):
        LanguageTagger(copy).probabilities(evidence([waves(1, 16_000)[0]]))


@pytest.mark.parametrize("name", ["embedding_model.ckpt", "classifier.ckpt", "label_encoder.txt"])
def test_a_missing_file(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(EncoderError, match=name):
        LanguageTagger(copy).probabilities(evidence([waves(1, 16_000)[0]]))


def test_a_name_that_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"OWNER/NAME.*--language-model, got '.*/none'"):
        find_folder(str(tmp_path / "none"))
    with pytest.raises(EncoderError, match=r"a folder or OWNER/NAME.*, got '\./none'"):
        find_folder("./none")


def test_the_hub_is_left_alone_once_the_model_is_cached(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def cached(repository: str, files: object) -> Path:
        asked.append(repository)
        return folder

    monkeypatch.setattr(hub, "_cached", cached)
    assert LanguageTagger().classes == LANGUAGES
    assert asked == ["speechbrain/lang-id-voxlingua107-ecapa"]


def test_without_cache_or_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(EncoderError, match="connect once, or pass a local folder to --language"):
        LanguageTagger("someone/never-cached")
