import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spkret.errors import RerankerError, RerankerMismatchError
from spkret.rerank import loading
from spkret.rerank.evaluation import Evaluation
from spkret.rerank.features import Features, Plan, compute
from spkret.rerank.loading import load_for
from spkret.rerank.ranker import Reranker
from spkret.store.schema import EncoderIdentity
from spkret.store.sealed import seal, unseal

from .conftest import material


def store(path: Path, fingerprint: str = "fake-fingerprint") -> Any:
    return SimpleNamespace(reranker_path=path, encoder=EncoderIdentity("fake", fingerprint, 32))


def test_a_saved_reranker_scores_the_same(
    trained: tuple[Reranker, Evaluation], saved: Path
) -> None:
    loaded, made = Reranker.load(saved), material(seed=7)
    features = compute(made.voices, made.background.apply(made.voices), made.groups, loaded.plda)
    np.testing.assert_array_equal(loaded.score(features), trained[0].score(features))
    np.testing.assert_array_equal(
        loaded.pair_probabilities(features), trained[0].pair_probabilities(features)
    )
    np.testing.assert_array_equal(loaded.background.cohort, trained[0].background.cohort)
    assert loaded.fingerprint == trained[0].fingerprint
    assert loaded.encoder == EncoderIdentity("fake", "fake-fingerprint", 32)
    assert sorted(file.name for file in saved.iterdir()) == [
        "cohort.npz",
        "model.txt",
        "none.txt",
        "plda.npz",
        "reranker.json",
    ]


def test_saving_replaces(trained: tuple[Reranker, Evaluation], saved: Path) -> None:
    (saved / "stray").touch()
    trained[0].save(saved)
    assert not (saved / "stray").exists()
    assert [path.name for path in saved.parent.iterdir()] == ["reranker"]


@pytest.mark.parametrize("name", ["model.txt", "cohort.npz", "reranker.json"])
def test_damage_is_named(saved: Path, name: str) -> None:
    data = (saved / name).read_bytes()
    (saved / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(RerankerError, match=f"{name} is damaged"):
        Reranker.load(saved)
    (saved / name).unlink()
    with pytest.raises(RerankerError, match="cannot be read"):
        Reranker.load(saved)


@pytest.mark.parametrize(
    ("key", "value"), [("format", 99), ("features", ["telepathy"]), ("features", None)]
)
def test_another_version_is_refused(saved: Path, key: str, value: object) -> None:
    path = saved / "reranker.json"
    path.write_text(json.dumps(seal(unseal(path.read_text()) | {key: value})))
    with pytest.raises(RerankerError, match="run `spkret train-reranker` again"):
        Reranker.load(saved)


def test_the_stores_own_reranker_comes_first(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = load_for(store(saved))
    assert own is not None
    monkeypatch.setattr(loading, "DEFAULT", saved)
    shipped = load_for(store(tmp_path / "nowhere"))
    assert shipped is not None
    assert shipped.fingerprint == own.fingerprint
    assert load_for(store(tmp_path / "nowhere", "other")) is None
    monkeypatch.setattr(loading, "DEFAULT", tmp_path / "nowhere")
    assert load_for(store(tmp_path / "nowhere")) is None


def test_a_reranker_of_another_encoder_is_refused(saved: Path) -> None:
    with pytest.raises(RerankerMismatchError, match="got one trained on 'fake'"):
        load_for(store(saved, "other"))


def test_a_reranker_picks_its_own_features(
    trained: tuple[Reranker, Evaluation], saved: Path
) -> None:
    made = material(seed=7)
    features = compute(made.voices, made.background.apply(made.voices), made.groups)
    more = Features(
        np.column_stack([features.matrix[:, :1] * 0, features.matrix]), ("new", *features.names)
    )
    np.testing.assert_array_equal(Reranker.load(saved).score(more), trained[0].score(features))
    parts = trained[0].contributions(more)
    np.testing.assert_array_equal(parts, trained[0].contributions(features))


def test_the_parts_of_its_encoder_are_part_of_its_plan(saved: Path) -> None:
    path = saved / "reranker.json"
    description = unseal(path.read_text())
    assert Reranker.load(saved).plan == Plan()
    description["encoder"]["parts"] = [20, 12]
    path.write_text(json.dumps(seal(description)))
    assert Reranker.load(saved).plan.parts == (20, 12)
    description["encoder"]["parts"] = [20, 13]
    path.write_text(json.dumps(seal(description)))
    with pytest.raises(RerankerError, match="damaged"):
        Reranker.load(saved)
