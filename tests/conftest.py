"""What all tests need: libraries that stand each other."""

import sys

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems() -> None:
    """Quiet the lazy modules that collecting the tests has loaded."""
    _quiet_lazy_modules()


def pytest_runtest_setup() -> None:
    """Quiet the lazy modules that an earlier test has loaded."""
    _quiet_lazy_modules()


def _quiet_lazy_modules() -> None:
    """Keep Hypothesis from waking SpeechBrain's lazy modules.

    Hypothesis asks every loaded module for its `__file__`. A lazy module answers by importing what
    may not be installed, or by a warning of deprecation.
    """
    for module in list(sys.modules.values()):
        if any(kind.__name__ == "LazyModule" for kind in type(module).__mro__):
            vars(module).setdefault("__file__", None)
