"""The tags that can be probed."""

from enum import StrEnum

from ...errors import UsageError
from ...store.schema import UNKNOWN_LANGUAGE, Noise


class Target(StrEnum):
    """A column of the recordings table that classifiers are to predict."""

    GENDER = "gender"
    SPEAKER = "speaker"
    NOISE = "noise"
    LANGUAGE = "language"

    @property
    def unlabelled(self) -> str | None:
        """The value that stands for an unknown tag."""
        unknown = {Target.NOISE: Noise.UNKNOWN.value, Target.LANGUAGE: UNKNOWN_LANGUAGE}
        return unknown.get(self)

    @property
    def kept_apart(self) -> str:
        """What never lies on both sides of a split, in words."""
        return "file or session" if self is Target.SPEAKER else "speaker"


def target_named(name: str) -> Target:
    """Find a target by its name.

    Raises
    ------
    UsageError
        There is no such target.
    """
    try:
        return Target(name)
    except ValueError as error:
        raise UsageError(f"expected a target of {', '.join(Target)}, got {name!r}") from error
