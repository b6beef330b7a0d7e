"""All checks, one after the other; none of them can stop the others."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from ...store.location import Place, cache_folder
from . import accelerators, machine, packages
from .lines import Diagnosis, Line, problem
from .packages import Packages, brief

Check = Callable[[], Iterable[Line]]

_AGAIN = "install it again, or report this"


def diagnose(store: Place | None = None, quick: bool = False) -> Diagnosis:
    """Look at all that spkret needs here.

    Parameters
    ----------
    store : the folder or URL of a store to check as well
    quick : leave out the self-test
    """
    return run(checks(store, quick))


def run(named: Mapping[str, Check]) -> Diagnosis:
    """Run checks; what one raises is a problem of its name."""
    lines: list[Line] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages, while they load
        for name, check in named.items():
            try:
                lines.extend(check())
            except Exception as error:  # whatever a broken package raises
                lines.append(problem(name, brief(error), _AGAIN))
    return Diagnosis(tuple(lines))


def checks(store: Place | None, quick: bool) -> dict[str, Check]:
    """All checks by what they look at, in order."""
    installed = Packages()
    named: dict[str, Check] = {
        "Python": machine.python,
        "spkret": partial(machine.spkret, installed),
        "torch": partial(accelerators.torch, installed),
        "faiss": partial(accelerators.faiss, installed),
        "packages": partial(packages.required, installed),
        "onnxruntime providers": partial(accelerators.providers, installed),
        "extras": partial(packages.extras, installed),
        "libsndfile": partial(machine.formats, installed),
        "encoders": _encoders,
        "Hugging Face cache": _hub,
        "disk": partial(_disk, store),
        "open files": machine.open_files,
        "store": partial(_store, store),
    }
    return named if quick else named | {"self-test": _selftest}


def _encoders() -> Iterator[Line]:
    from ...indexer.encoders import registry
    from . import models

    return models.encoders(registry.models())


def _hub() -> Iterator[Line]:
    from huggingface_hub.constants import is_offline_mode

    from . import models

    return models.hub(hub_folder(), is_offline_mode())


def hub_folder() -> Path:
    """Return where models from Hugging Face are kept."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def _disk(store: Place | None) -> Iterator[Line]:
    return machine.disk({"stores": _nearest(store), "fetched models": hub_folder()})


def _nearest(store: Place | None) -> Path:
    """Return the folder where a store's files are on this machine."""
    return cache_folder() if isinstance(store, str) else store or Path.cwd()


def _store(store: Place | None) -> Iterator[Line]:
    from .stores import store as check_store

    return check_store(store)


def _selftest() -> Iterator[Line]:
    from ...indexer.encoders import registry
    from .selftest import selftest

    return selftest(registry.load())
