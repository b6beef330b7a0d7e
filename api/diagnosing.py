"""What is installed and works."""

from os import PathLike
from typing import TYPE_CHECKING

from .arguments import place_of

if TYPE_CHECKING:
    from ..analysis.doctor.lines import Diagnosis


def doctor(store: str | PathLike[str] | None = None, *, quick: bool = False) -> "Diagnosis":
    """Look at all that spkret needs: packages, GPU, encoders, disk, a store; change nothing.

    What is broken is a line of the answer, never an exception.

    Parameters
    ----------
    store : the folder or URL of a store to check as well
    quick : leave out the self-test, which embeds a few examples
    """
    from ..analysis.doctor.diagnosis import diagnose

    return diagnose(None if store is None else place_of(store), quick)
