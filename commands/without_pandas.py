"""The command line runs without pandas, which pyarrow would import with its first array.

It is imported wherever it is installed: a fifth of a second, of which few commands have any use.
"""

import sys


class _WithoutPandas:
    """Makes pandas look as if it were not installed."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Refuse pandas, and leave every other module to the finders that follow."""
        if name == "pandas":
            raise ModuleNotFoundError("the commands of spkret run without pandas", name=name)


def hide() -> None:
    """Refuse imports of pandas from now on."""
    sys.meta_path.insert(0, _WithoutPandas)


def show() -> None:
    """Let pandas be imported again: Ray needs it."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _WithoutPandas]
