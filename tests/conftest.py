"""What all tests need: libraries that stand each other."""

import sys


def pytest_runtest_setup() -> None:
    """Keep Hypothesis from waking SpeechBrain's lazy modules.

    Hypothesis asks every loaded module for its `__file__`. A lazy module answers by importing what
    may not be installed, or by a warning of deprecation.
    """
    for module in list(sys.modules.values()):
        if any(kind.__name__ == "LazyModule" for kind in type(module).__mro__):
            vars(module).setdefault("__file__", None)
