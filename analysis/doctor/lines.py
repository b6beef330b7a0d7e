"""What a check says: a line each, with what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Line:
    """How it stands with one thing, in words.

    Attributes
    ----------
    subject : what was looked at
    state : `warning` is worth knowing, `problem` keeps something from working
    message : what was found
    advice : what to do, empty if there is nothing to do
    """

    subject: str
    state: State
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All lines, in the order of the checks."""

    lines: Sequence[Line]

    @property
    def problems(self) -> Sequence[Line]:
        """The lines of what does not work."""
        return [line for line in self.lines if line.state is State.PROBLEM]

    @property
    def warnings(self) -> Sequence[Line]:
        """The lines of what is worth knowing."""
        return [line for line in self.lines if line.state is State.WARNING]

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def ok(subject: str, message: str, advice: str = "") -> Line:
    """Say that something works."""
    return Line(subject, State.OK, message, advice)


def warning(subject: str, message: str, advice: str) -> Line:
    """Say that something is worth knowing."""
    return Line(subject, State.WARNING, message, advice)


def problem(subject: str, message: str, advice: str) -> Line:
    """Say that something does not work."""
    return Line(subject, State.PROBLEM, message, advice)
