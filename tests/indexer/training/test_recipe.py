"""The recipe against values worked out by hand."""

from dataclasses import replace

import pytest

from spkret.indexer.training.recipe import FINE_TUNING, SCRATCH


def test_the_rate_rises_stays_and_falls() -> None:
    recipe = replace(SCRATCH, steps=1_000, warmup=100, rate=1.0, decay=0.5)
    rates = [recipe.rate_at(step, step / 1_000) for step in (0, 49, 99, 400, 500, 750, 1_000)]
    assert rates == pytest.approx([0.01, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0])


def test_the_margin_grows_between_its_shares_and_again_at_the_end() -> None:
    shares = (0.0, 0.1, 0.25, 0.4, 0.7, 0.75, 0.99)
    expected = [0.0, 0.0, 0.1, 0.2, 0.2, 0.3, 0.3]
    assert [SCRATCH.margin_at(share) for share in shares] == pytest.approx(expected)
    assert FINE_TUNING.margin_at(0.0) == FINE_TUNING.margin


def test_crops_are_as_long_in_any_front_end() -> None:
    assert [SCRATCH.frames_at(0.0, hop) for hop in (240, 160)] == [100, 150]
    assert SCRATCH.frames_at(0.8, 240) == 150


def test_the_clock_may_be_ahead_of_the_steps() -> None:
    recipe = replace(SCRATCH, steps=1_000, minutes=2.0)
    assert recipe.share(500, seconds=30) == 0.5
    assert recipe.share(500, seconds=90) == 0.75
    assert replace(recipe, minutes=None).share(500, seconds=90) == 0.5
