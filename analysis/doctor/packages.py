"""Packages that spkret needs, and those that only some options need."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from types import ModuleType
from typing import TYPE_CHECKING

from .lines import Line, ok, problem, warning

if TYPE_CHECKING:
    from packaging.requirements import Requirement

APART = {"torch", "torchaudio", "faiss-cpu", "faiss-gpu"}
"""Packages that have checks of their own."""

EXTRAS = {
    "denoise": "index --denoise",
    "interchange": "Kaldi and HDF5 files in import and export",
    "media": "sound in video files and formats that libsndfile lacks",
    "nemo": "checking NeMo models against NeMo itself",
    "openvino": "--device openvino",
    "plots": "the plots of probe --out",
    "ray": "indexing and searching on several machines",
    "remote": "stores and audio at URLs, such as s3://bucket/store",
    "report": "spkret report",
    "tune": "train-reranker --tune",
    "vad": "index --vad, and speech in tag-windows",
    "web": "spkret serve",
}
"""What each extra is for."""

_MODULES = {"scikit-learn": "sklearn", "pyyaml": "yaml"}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _requirements() -> Sequence[str]:
    return metadata.requires("spkret") or ()


@dataclass(frozen=True, slots=True)
class Packages:
    """What is installed; tests put something else in its place.

    Attributes
    ----------
    version : of a distribution, None if it is not installed
    load : imports a module
    requirements : those of spkret, as its metadata has them
    """

    version: Callable[[str], str | None] = _version
    load: Callable[[str], ModuleType] = import_module
    requirements: Callable[[], Sequence[str]] = _requirements


def required(packages: Packages) -> Iterator[Line]:
    """Check every package that spkret always needs: there, new enough, and loads."""
    for requirement in _wanted(packages, ""):
        if requirement.name not in APART:
            yield _required(packages, requirement)


def extras(packages: Packages) -> Iterator[Line]:
    """Say which extras are there, and how to get the others."""
    for extra, purpose in EXTRAS.items():
        wanted = _wanted(packages, extra)
        if wanted:
            yield _extra(packages, extra, purpose, wanted)


def _required(packages: Packages, requirement: "Requirement") -> Line:
    name, found = requirement.name, packages.version(requirement.name)
    advice = f"pip install '{name}{requirement.specifier}'"
    if found is None:
        return problem(name, "not installed", advice)
    if not requirement.specifier.contains(found, prereleases=True):
        return problem(name, f"{found} is installed, {requirement.specifier} is needed", advice)
    try:
        packages.load(_MODULES.get(name, name.replace("-", "_")))
    except Exception as error:  # whatever a broken package raises
        return problem(name, f"{found} is installed but does not load: {brief(error)}", advice)
    return ok(name, found)


def too_old(packages: Packages, name: str, found: str) -> Line | None:
    """Say where a package that has a check of its own is older than spkret needs; else None.

    Parameters
    ----------
    name : of the distribution; one that another name begins, such as `faiss-gpu-cu12`, is held to
        what is asked of that one
    """
    from packaging.requirements import Requirement

    parsed = (Requirement(text) for text in packages.requirements())
    wanted = next((each for each in parsed if name.startswith(each.name)), None)
    if wanted is None or wanted.specifier.contains(found, prereleases=True):
        return None
    advice = f"pip install '{name}{wanted.specifier}'"
    return problem(name, f"{found} is installed, {wanted.specifier} is needed", advice)


def _extra(packages: Packages, extra: str, purpose: str, wanted: Sequence["Requirement"]) -> Line:
    subject, advice = f"extra {extra}", f"pip install 'spkret[{extra}]'"
    versions = {each.name: packages.version(each.name) for each in wanted}
    if None in versions.values():
        return ok(subject, f"not installed; only for {purpose}", advice)
    old = [each for each in wanted if not each.specifier.contains(str(versions[each.name]), True)]
    if old:
        found = ", ".join(f"{each.name} {versions[each.name]}" for each in old)
        return warning(subject, f"{found} is not {old[0].specifier}", advice)
    return ok(subject, ", ".join(f"{name} {found}" for name, found in versions.items()))


def _wanted(packages: Packages, extra: str) -> list["Requirement"]:
    """The requirements that one extra adds on this machine; those without any for the empty one."""
    from packaging.requirements import Requirement

    parsed = [Requirement(text) for text in packages.requirements()]
    return [
        each
        for each in parsed
        if (each.marker is None or each.marker.evaluate({"extra": extra}))
        and (not extra or (each.marker is not None and not each.marker.evaluate({"extra": ""})))
    ]


def brief(error: BaseException) -> str:
    """Write an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
