"""`train-reranker`: what its options ask for, and what it prints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from spkret import api
from spkret.cli import cli
from spkret.rerank.evaluation import Difference, Figures
from spkret.rerank.importance import Ablation, Importance
from spkret.rerank.recipe import Recipe
from spkret.rerank.reliability import CalibrationFigures
from spkret.rerank.training import TrainingEvaluation
from spkret.rerank.tuning import Tuned

Run = Callable[..., tuple[Result, dict[str, Any]]]
FIGURES = Figures(0.5, (0.4, 0.6), 0.6, 0.1, 0.7)
RECIPE = Recipe(leaves=7, learning_rate=0.0312345)


def trained(**found: Any) -> TrainingEvaluation:
    gain = {"qmf": Difference(-0.01, (-0.03, 0.01))}
    return TrainingEvaluation(
        records=10,
        skipped=0,
        systems={"qmf": FIGURES, "reranker": FIGURES},
        differences=gain,
        by_noise={},
        by_language={},
        calibration=CalibrationFigures(),
        **found,
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    def call(answer: TrainingEvaluation, *options: str) -> tuple[Result, dict[str, Any]]:
        asked: dict[str, Any] = {}

        def train(store: Path, trials: Path, **given: Any) -> TrainingEvaluation:
            asked.update(given)
            given["progress"]("tuning", 1, 2, "+0.0100 nats")
            return answer

        monkeypatch.setattr(api, "train_reranker", train)
        trials = tmp_path / "trials.jsonl"
        trials.touch()
        return CliRunner().invoke(cli, ["train-reranker", str(trials), *options]), asked

    return call


def test_options_reach_the_training(run: Run) -> None:
    options = ("--objective", "lambdarank", "--tune", "3", "--ablation", "--seed", "5")
    result, asked = run(trained(), *options)
    assert result.exit_code == 0, result.output
    assert (asked["objective"], asked["tune"], asked["ablation"]) == ("lambdarank", 3, True)
    assert asked["seed"] == 5
    assert (run(trained())[1]["objective"], run(trained())[1]["tune"]) == ("softmax", 0)
    assert run(trained(), "--objective", "hinge")[0].exit_code == 2


def test_it_prints_what_was_found(run: Run) -> None:
    answer = trained(
        recipe=RECIPE,
        tuned=Tuned(RECIPE, 3, -1.25, -1.2),
        importance={f"feature{n}": Importance(0.125, 1 / (n + 1)) for n in range(40)},
        ablation={"PLDA": Ablation(5, 0.45, 0.05, (0.02, 0.08))},
    )
    text = run(answer)[0].stdout
    assert "reranker less qmf: -1.0 points of top-1 (-3.0 to +1.0)" in text
    assert "the best of 3 recipes: objective softmax, leaves 7, learning_rate 0.0312" in text
    assert "-1.2500 -> -1.2000 nats" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["feature0", "12.5", "1.000"] in lines
    assert ["feature14", "12.5", "0.067"] in lines
    assert "feature15" not in text
    assert ["PLDA", "5", "45.0", "+5.0", "2.0", "to", "8.0"] in lines
    assert text.splitlines()[-1].startswith("reranker saved into ")


def test_json_holds_all_of_it(run: Run) -> None:
    answer = trained(
        tuned=Tuned(RECIPE, 3, -1.25, -1.2),
        importance={f"feature{n}": Importance(0.125, 1.0) for n in range(40)},
        ablation={"PLDA": Ablation(5, 0.45, 0.05, (0.02, 0.08))},
    )
    document = json.loads(run(answer, "--json")[0].stdout)
    assert document["tuned"]["recipe"]["leaves"] == 7
    assert document["recipe"]["objective"] == "softmax"
    assert len(document["importance"]) == 40
    assert document["ablation"]["PLDA"]["cost_ci"] == [0.02, 0.08]
