"""What is told of what Ray raises."""

import pytest

from spkret.cluster.telling import failures_told
from spkret.errors import ClusterError, EncoderError, SpkretError


class RaysError(Exception):
    """Stands for Ray's errors of tasks, whose text is a traceback."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"ray::Worker.start() (pid=1)\n  File x, line 1\n{cause}")
        self.cause = cause


class RaysAndOursError(RaysError, EncoderError):
    """Ray gives its errors the class of what they wrap as well."""


@pytest.mark.parametrize("kind", [RaysError, RaysAndOursError])
def test_an_error_of_ours_is_told_in_its_own_words(kind: type[RaysError]) -> None:
    with pytest.raises(SpkretError) as told, failures_told():
        raise kind(EncoderError("expected an encoder, got a folder"))

    assert type(told.value) is EncoderError
    assert str(told.value) == "expected an encoder, got a folder"


def test_another_error_is_told_in_one_line() -> None:
    with pytest.raises(ClusterError, match=r"could not go on: no room;") as told, failures_told():
        raise RaysError(MemoryError("no room\nat all"))

    assert "\n" not in str(told.value)


@pytest.mark.parametrize("error", [EncoderError("x"), FileNotFoundError("y")])
def test_what_ray_has_no_part_in_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as told, failures_told():
        raise error

    assert told.value is error
