"""Packages that only some options need."""

from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from ..errors import OptionalDependencyError


def required(module: str, purpose: str, package: str, extra: str) -> ModuleSpec:
    """Find a module without importing it.

    Parameters
    ----------
    module : the name it is imported by
    purpose : what needs it, the beginning of the message
    package, extra : the name its users know it by, and the extra of spkret that installs it

    Raises
    ------
    OptionalDependencyError
        It is not installed.
    """
    spec = find_spec(module)
    if spec is None:
        raise OptionalDependencyError(f"{purpose} needs {package}: pip install 'spkret[{extra}]'")
    return spec
