"""What Ray raises, told as errors of spkret."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ClusterError, SpkretError


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn what Ray raises into the error of spkret that caused it, or one that says what died."""
    try:
        yield
    except Exception as error:  # Ray has dozens
        if isinstance(error, SpkretError | OSError) and not _is_rays(error):
            raise
        for cause in _causes(error):
            if isinstance(cause, SpkretError) and not _is_rays(cause):
                raise cause from error
        raise ClusterError(
            f"the cluster could not go on: {_reason(error)}; what was committed stays, run it again"
        ) from error


def _is_rays(error: BaseException) -> bool:
    """Tell an error of Ray, though it is of the class of what it wraps as well."""
    return hasattr(error, "cause")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was raised from, and what Ray wraps."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [getattr(one, "cause", None), one.__cause__, one.__context__]


def _reason(error: BaseException) -> str:
    """Say what happened in one line: the first of the innermost error."""
    innermost = list(_causes(error))[-1]
    lines = [line.strip() for line in str(innermost).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(innermost).__name__
