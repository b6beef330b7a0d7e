"""How many examples Hypothesis tries of a property: set by its profile, quick or thorough."""

from hypothesis import HealthCheck, settings

EXAMPLES = 40
"""Of a property in the normal suite."""
MANY = 1_000
"""Of a property in the profile `thorough`: HYPOTHESIS_PROFILE=thorough pytest."""


def register() -> None:
    """Register both; how long an example takes tells more of the machine than of spkret."""
    unhurried = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    settings.register_profile(
        "quick", max_examples=EXAMPLES, deadline=None, suppress_health_check=unhurried
    )
    settings.register_profile("thorough", settings.get_profile("quick"), max_examples=MANY)


def few(count: int) -> settings:
    """Settings of a property of which each example is slow: the normal suite tries `count`."""
    return settings(max_examples=count * settings().max_examples // EXAMPLES)
