"""What computes: PyTorch with its CUDA, FAISS, ONNX Runtime's providers."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from .lines import Line, ok, problem, warning
from .packages import Packages, too_old

FAISS_BUILDS = ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu11", "faiss-gpu-cu12")

_DRIVER = Path("/dev/nvidiactl")
_GIGABYTE = 1e9


def torch(packages: Packages, driver: Path = _DRIVER) -> Iterator[Line]:
    """Check PyTorch's version, the GPUs it sees, and that torchaudio is built for it.

    Parameters
    ----------
    driver : a file that is there where a driver of NVIDIA is
    """
    loaded = packages.load("torch")
    cuda, version = loaded.version.cuda, str(loaded.__version__)
    built = ok("torch", f"{version}, {'CUDA ' + cuda if cuda else 'built without CUDA'}")
    yield too_old(packages, "torch", version) or built
    yield _gpus(loaded, driver)
    yield _torchaudio(packages, version)


def faiss(packages: Packages) -> Iterator[Line]:
    """Check that one build of FAISS is installed, which, and that it is new enough."""
    builds = [name for name in FAISS_BUILDS if packages.version(name)]
    if len(builds) > 1:
        yield problem(
            "faiss",
            f"{' and '.join(builds)} are both installed and overwrite each other's files",
            f"pip uninstall {' '.join(builds)}, then install one of them",
        )
    loaded = packages.load("faiss")
    build = builds[0] if builds else "of unknown origin"
    version = str(loaded.__version__)
    yield too_old(packages, build, version) or ok("faiss", f"{version} ({build})")
    if hasattr(loaded, "StandardGpuResources"):
        count = loaded.get_num_gpus()
        yield ok("faiss GPUs", str(count) if count else "none: the CPU is used")


def providers(packages: Packages) -> Iterator[Line]:
    """Say on what ONNX Runtime runs encoders."""
    names = packages.load("onnxruntime").get_available_providers()
    shown = ", ".join(name.removesuffix("ExecutionProvider") for name in names)
    if "CPUExecutionProvider" not in names:
        yield problem("onnxruntime providers", shown or "none", "pip install onnxruntime")
    else:
        yield ok("onnxruntime providers", shown)


def _gpus(loaded: ModuleType, driver: Path) -> Line:
    if loaded.cuda.is_available():
        numbers = range(loaded.cuda.device_count())
        found = (loaded.cuda.get_device_properties(number) for number in numbers)
        return ok("GPU", ", ".join(f"{g.name} {g.total_memory / _GIGABYTE:.0f} GB" for g in found))
    if not driver.exists():
        return ok("GPU", "none: the CPU is used")
    if loaded.version.cuda is None:
        return warning(
            "GPU",
            "this machine has one, but torch is built without CUDA",
            "install a build of torch with CUDA, see pytorch.org; until then the CPU is used",
        )
    return warning(
        "GPU",
        f"this machine has a driver, but torch with CUDA {loaded.version.cuda} finds no GPU",
        "look at nvidia-smi: the driver may be too old; until then the CPU is used",
    )


def _torchaudio(packages: Packages, version: str) -> Line:
    """Compare major and minor versions, which are equal where two builds belong together."""
    found, expected = packages.version("torchaudio"), ".".join(version.split(".")[:2])
    advice = f"pip install 'torchaudio=={expected}.*'"
    if found is None:
        return problem("torchaudio", "not installed", advice)
    if found.split(".")[:2] != expected.split("."):
        return problem("torchaudio", f"{found} does not belong to torch {version}", advice)
    packages.load("torchaudio")
    return ok("torchaudio", f"{found}, which belongs to this torch")
