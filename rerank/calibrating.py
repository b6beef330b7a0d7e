"""Fit a reranker's calibration to scores of models that saw none of the speakers concerned."""

from collections.abc import Sequence
from dataclasses import dataclass

from .calibration import sigmoid
from .cells import group_conditions, pair_cells
from .crossval import CrossValidation, HeldOut
from .models import Models
from .none_trees import NoneModel, fit_none_model
from .probabilities import Calibration
from .recalibration import fit_pairs, fit_temperatures
from .reliability import Chances


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration and what it was fitted to.

    Parameters
    ----------
    calibration : fitted to all groups
    none : the trees of "none of them"
    closed : the groups, scored by the fold that held their anchor's speaker out
    """

    calibration: Calibration
    none: NoneModel
    closed: HeldOut

    def chances(self) -> Chances:
        """Tell what the calibration makes of the groups it was fitted to."""
        examples = self.closed.examples
        calibration, features = self.calibration, examples.features
        return Chances(
            calibration.probabilities(self.closed.reranker, features, examples.groups),
            calibration.pair_log_odds(self.closed.qmf, features),
            *(sigmoid(odds) for odds in self.none.held_out),
        )


def calibrate(cv: CrossValidation, models: Sequence[Models], seed: int) -> Calibrated:
    """Calibrate on all groups, scored by the fold that held their anchor's speaker out.

    Parameters
    ----------
    cv, models : the folds, and the models of each
    seed : of the groups without a match, and of the trees that know them
    """
    closed = HeldOut.of(cv, models, cv.examples)
    examples = closed.examples
    conditions = group_conditions(examples.features, examples.groups)
    temperature, factor = fit_temperatures(
        closed.reranker, examples.groups, examples.matches, conditions
    )
    none = fit_none_model(cv, models, temperature, seed)
    scale, bias = fit_pairs(closed.qmf, examples.is_match, pair_cells(examples.features))
    calibration = Calibration(temperature, none.weights, none.bias, factor, scale, bias)
    return Calibrated(calibration, none, closed)
