import sys
from subprocess import run

import lightgbm
import numpy as np
import pytest

from spkret.errors import RerankerError
from spkret.rerank.booster import Booster


@pytest.fixture(scope="module")
def trained() -> tuple[str, np.ndarray]:
    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(800, 6)).astype(np.float32)
    matrix[generator.random(matrix.shape) < 0.1] = np.nan
    label = (np.nan_to_num(matrix[:, 0]) + np.nan_to_num(matrix[:, 1]) ** 2 > 0.5).astype(int)
    data = lightgbm.Dataset(matrix, label, group=[8] * 100)
    parameters = {"objective": "lambdarank", "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    return lightgbm.train(parameters, data, 30).model_to_string(), matrix


@pytest.mark.parametrize("rows", [1, 50, 800])
def test_scores_and_contributions_equal_the_package(
    trained: tuple[str, np.ndarray], rows: int
) -> None:
    model, matrix = trained
    package, ours = lightgbm.Booster(model_str=model), Booster(model)
    expected = package.predict(matrix[:rows], raw_score=True)
    np.testing.assert_array_equal(ours.scores(matrix[:rows]), expected)
    expected = package.predict(matrix[:rows], pred_contrib=True)
    np.testing.assert_array_equal(ours.contributions(matrix[:rows]), expected)


def test_many_rows_equal_few(trained: tuple[str, np.ndarray]) -> None:
    model, matrix = trained
    many = np.tile(matrix, (4, 1))
    np.testing.assert_array_equal(
        Booster(model).scores(many), np.tile(Booster(model).scores(matrix), 4)
    )


def test_a_matrix_of_other_features_is_refused(trained: tuple[str, np.ndarray]) -> None:
    with pytest.raises(RerankerError, match="expected a matrix of 6 columns"):
        Booster(trained[0]).scores(trained[1][:, :5])


def test_a_text_that_is_no_model_is_refused() -> None:
    with pytest.raises(RerankerError, match="train the reranker again"):
        Booster("tree\nnonsense")


def test_scoring_imports_no_lightgbm() -> None:
    code = (
        "import sys, spkret.matcher, spkret.rerank.booster as b; b._library();"
        "print([m for m in ('torch', 'lightgbm', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
