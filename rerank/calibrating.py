"""Fit a reranker's calibration to scores of models that saw none of the speakers concerned."""

from collections.abc import Sequence

import numpy as np

from .calibration import fit_none
from .cells import group_conditions, pair_cells
from .crossval import CrossValidation, HeldOut
from .models import Models
from .probabilities import Calibration
from .recalibration import fit_pairs, fit_temperatures
from .reliability import Chances


def calibrate(
    cv: CrossValidation, models: Sequence[Models]
) -> tuple[Calibration, HeldOut, HeldOut]:
    """Calibrate on all groups, scored by the fold that held their anchor's speaker out.

    Returns
    -------
    calibration : fitted to
    closed, opened : the groups with their matches, and those of two or more without them
    """
    closed, opened = HeldOut.of(cv, models, cv.examples), HeldOut.of(cv, models, cv.opened())
    examples = closed.examples
    conditions = group_conditions(examples.features, examples.groups)
    temperature, factor = fit_temperatures(
        closed.reranker, examples.groups, examples.matches, conditions
    )
    none = fit_none(closed.evidence(temperature), opened.evidence(temperature))
    scale, bias = fit_pairs(closed.qmf, examples.is_match, pair_cells(examples.features))
    return Calibration(temperature, *none, factor, scale, bias), closed, opened


def held_out_chances(calibration: Calibration, closed: HeldOut, opened: HeldOut) -> Chances:
    """Tell what a calibration makes of scores; arguments as returned by `calibrate`."""
    examples = closed.examples
    none = [
        calibration.none_probabilities(
            held.reranker, held.examples.features, held.qmf, held.examples.groups
        )
        for held in (closed, opened)
    ]
    return Chances(
        calibration.probabilities(closed.reranker, examples.features, examples.groups),
        calibration.pair_log_odds(closed.qmf, examples.features),
        none[0][np.flatnonzero(examples.groups.sizes > 1)],
        none[1],
    )
