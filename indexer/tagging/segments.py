"""Tags of windows, and windows of equal tags joined to segments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from types import MappingProxyType
from typing import Any

from ...store.schema import Seconds, Tag

NO_TAG = Tag()
MIN_SPEECH = 0.25
"""A window of which less is speech has no gender, no language and no cosine."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is heard from `start_s` to `end_s` of a file.

    Attributes
    ----------
    speech : the share of the time in which somebody speaks, None where that was not looked for
    noise, gender, language : the likeliest values, as the store holds them; None where nothing can
        be said
    noise_probabilities : of each noise condition, empty in silence
    cosine : with the embedding of an anchor, None without one or without speech
    """

    start_s: Seconds
    end_s: Seconds
    speech: float | None
    noise: Tag = NO_TAG
    gender: Tag = NO_TAG
    language: Tag = NO_TAG
    noise_probabilities: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    cosine: float | None = None

    @property
    def spoken(self) -> bool:
        """Whether enough of it is speech, or may be."""
        return self.speech is None or self.speech >= MIN_SPEECH

    def sounds_like(self, other: "Window") -> bool:
        """Tell whether the tags are equal."""
        return _tags(self) == _tags(other)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as `tag-windows --json` prints them."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "speech": self.speech,
            "noise": self.noise.value,
            "noise_probability": self.noise.probability,
            "noise_probabilities": dict(self.noise_probabilities),
            "gender": self.gender.value,
            "gender_probability": self.gender.probability,
            "language": self.language.value,
            "language_probability": self.language.probability,
            "cosine": self.cosine,
        }


def merge(windows: Iterable[Window]) -> Iterator[Window]:
    """Join windows that follow each other and have equal tags; shares and figures are means.

    Where two segments meet, the border is the middle of what their windows share.
    """
    run: list[Window] = []
    start = 0.0
    for window in windows:
        if not run:
            start = window.start_s
        elif not window.sounds_like(run[0]):
            border = (window.start_s + run[-1].end_s) / 2
            yield _joined(run, start, border)
            run, start = [], border
        run.append(window)
    if run:
        yield _joined(run, start, run[-1].end_s)


def _joined(run: Sequence[Window], start_s: Seconds, end_s: Seconds) -> Window:
    first = run[0]
    return replace(
        first,
        start_s=start_s,
        end_s=end_s,
        speech=_mean([one.speech for one in run]),
        noise=_tag([one.noise for one in run]),
        gender=_tag([one.gender for one in run]),
        language=_tag([one.language for one in run]),
        noise_probabilities={
            noise: fmean(one.noise_probabilities[noise] for one in run)
            for noise in first.noise_probabilities
        },
        cosine=_mean([one.cosine for one in run]),
    )


def _tags(window: Window) -> tuple[bool, str | None, str | None, str | None]:
    return window.spoken, window.noise.value, window.gender.value, window.language.value


def _tag(tags: Sequence[Tag]) -> Tag:
    return replace(tags[0], probability=_mean([tag.probability for tag in tags]))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
