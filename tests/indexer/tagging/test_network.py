import io
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import TaggerError
from spkret.indexer.tagging.network import Network, load

GENERATOR = np.random.default_rng(3)
INPUTS = GENERATOR.normal(2, 5, (60, 4)).astype(np.float32)
LABELS = np.array(["a", "b", "c"])[INPUTS[:, :3].argmax(axis=1)]


def network() -> Network:
    return Network(
        ("f", "m"),
        mean=np.zeros(3, np.float32),
        scale=np.ones(3, np.float32),
        weights=[np.eye(3, 2, dtype=np.float32)],
        biases=[np.zeros(2, np.float32)],
        temperature=2.0,
        encoder="0123",
    )


def written() -> bytes:
    file = io.BytesIO()
    network().save(file)  # type: ignore[arg-type]
    return file.getvalue()


def test_probabilities_are_those_of_scikit_learn() -> None:
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(INPUTS)
    model = MLPClassifier((5, 4), random_state=0, max_iter=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(scaler.transform(INPUTS), LABELS)
    ours = Network(
        tuple(model.classes_),
        scaler.mean_.astype(np.float32),
        scaler.scale_.astype(np.float32),
        model.coefs_,
        model.intercepts_,
    )
    expected = model.predict_proba(scaler.transform(INPUTS))
    np.testing.assert_allclose(ours.probabilities(INPUTS), expected, atol=1e-5)


def test_temperature_divides_the_outputs() -> None:
    shares = network().probabilities(np.array([[3.0, 1.0, 9.0]], np.float32))
    np.testing.assert_allclose(shares[0, 0], 1 / (1 + np.exp(-1)), atol=1e-6)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    network().save(tmp_path / "one.npz")
    loaded = load(tmp_path / "one.npz")
    assert (loaded.classes, loaded.temperature, loaded.encoder) == (("f", "m"), 2.0, "0123")
    inputs = INPUTS[:, :3]
    np.testing.assert_array_equal(loaded.probabilities(inputs), network().probabilities(inputs))


def assert_refused(path: Path) -> None:
    with pytest.raises(TaggerError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "none.npz")


@given(data=st.data())
def test_a_cut_or_changed_file_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(written())
    end = data.draw(st.integers(0, len(whole)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("cut") / "one.npz"
    path.write_bytes(whole[:end])
    with suppress(TaggerError):
        load(path)


def arrays(**changes: npt.ArrayLike) -> dict[str, npt.ArrayLike]:
    whole: dict[str, npt.ArrayLike] = {
        "classes": np.array(["f", "m"]),
        "encoder": np.array(""),
        "temperature": np.float32(1),
        "mean": np.zeros(3),
        "scale": np.ones(3),
        "weights0": np.zeros((3, 2)),
        "bias0": np.zeros(2),
    }
    return whole | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"weights0": np.zeros((2, 2))},
        {"weights0": np.zeros((3, 2, 1))},
        {"weights0": np.full((3, 2), np.nan)},
        {"bias0": np.zeros((2, 1))},
        {"bias0": np.zeros(3)},
        {"scale": np.zeros(3)},
        {"scale": np.ones(4)},
        {"mean": np.float32(0)},
        {"temperature": np.float32(-1)},
        {"temperature": np.ones(2)},
        {"classes": np.array(["f", "m", "x"])},
        {"mean": np.array(["a", "b", "c"])},
        {"mean": np.array([print, print, print])},
    ],
    ids=str,
)
def test_layers_that_do_not_fit_are_refused(
    tmp_path: Path, changes: dict[str, npt.ArrayLike]
) -> None:
    np.savez(tmp_path / "one.npz", **arrays(**changes))  # type: ignore[arg-type]
    assert_refused(tmp_path / "one.npz")


def test_a_file_that_grows_when_unpacked_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "one.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mean.npy", bytes(20 << 20))
    assert_refused(tmp_path / "one.npz")
