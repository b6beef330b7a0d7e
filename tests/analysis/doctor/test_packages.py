"""What is installed, told from what a machine would answer."""

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from spkret.analysis.doctor import accelerators
from spkret.analysis.doctor import packages as checks
from spkret.analysis.doctor.lines import Line, State
from spkret.analysis.doctor.packages import EXTRAS, Packages

REQUIREMENTS = (
    "numpy>=2.0",
    "scikit-learn>=1.7",
    "torch>=2.11",
    'faiss-cpu>=1.9; platform_system == "Plan 9"',
    "faiss-gpu>=1.15",
    'winonly>=1; platform_system == "Plan 9"',
    'noisereduce<4,>=3.0; extra == "denoise"',
    'av>=14; extra == "media"',
)


def machine(versions: dict[str, str], **modules: Any) -> Packages:
    """Packages of a machine that has these distributions and modules; others do not load."""

    def load(name: str) -> ModuleType:
        if isinstance(modules.get(name), Exception):
            raise modules[name]
        if name not in modules:
            raise ImportError(f"No module named {name!r}")
        loaded: ModuleType = modules[name]
        return loaded

    return Packages(versions.get, load, lambda: REQUIREMENTS)


def states(lines: Any) -> dict[str, State]:
    return {line.subject: line.state for line in lines}


def test_required_packages_are_there_new_enough_and_load() -> None:
    here = machine({"numpy": "2.4.6", "scikit-learn": "1.7.0"}, numpy=object(), sklearn=object())
    assert states(checks.required(here)) == {"numpy": State.OK, "scikit-learn": State.OK}


@pytest.mark.parametrize(
    ("versions", "modules", "message"),
    [
        ({}, {}, "not installed"),
        ({"numpy": "1.26.0"}, {"numpy": object()}, ">=2.0 is needed"),
        ({"numpy": "2.1"}, {"numpy": OSError("libblas.so: no such file")}, "OSError: libblas.so"),
    ],
)
def test_what_a_required_package_lacks_is_a_problem(
    versions: dict[str, str], modules: dict[str, Any], message: str
) -> None:
    line = next(iter(checks.required(machine(versions, **modules))))
    assert line.state is State.PROBLEM
    assert message in line.message
    assert line.advice == "pip install 'numpy>=2.0'"


def test_extras_are_there_absent_or_too_new() -> None:
    denoise, media = checks.extras(machine({"av": "14.1"}))
    assert (denoise.state, denoise.advice) == (State.OK, "pip install 'spkret[denoise]'")
    assert "not installed; only for index --denoise" in denoise.message
    assert media == Line("extra media", State.OK, "av 14.1")
    old = next(iter(checks.extras(machine({"noisereduce": "4.0"}))))
    assert old.state is State.WARNING


def test_every_extra_of_the_package_is_explained() -> None:
    from importlib.metadata import metadata

    offered = set(metadata("spkret").get_all("Provides-Extra") or ()) - {"dev"}
    assert offered == set(EXTRAS)


def fake_torch(version: str = "2.11.0", cuda: str | None = "13.0", gpus: int = 0) -> Any:
    device = SimpleNamespace(name="H100", total_memory=80e9)
    return SimpleNamespace(
        __version__=version,
        version=SimpleNamespace(cuda=cuda),
        cuda=SimpleNamespace(
            is_available=lambda: gpus > 0,
            device_count=lambda: gpus,
            get_device_properties=lambda _number: device,
        ),
    )


def torch_lines(module: Any, audio: str | None, driver: Any) -> dict[str, Line]:
    versions = {} if audio is None else {"torchaudio": audio}
    here = machine(versions, torch=module, torchaudio=object())
    return {line.subject: line for line in accelerators.torch(here, driver)}


def test_torch_on_a_machine_with_and_without_gpus(tmp_path: Any) -> None:
    found = torch_lines(fake_torch(gpus=2), "2.11.0", tmp_path)
    assert found["GPU"].message == "H100 80 GB, H100 80 GB"
    assert found["torchaudio"].state is State.OK
    none = torch_lines(fake_torch(), "2.11.0", tmp_path / "no driver")["GPU"]
    assert (none.state, none.message) == (State.OK, "none: the CPU is used")
    for cuda in (None, "13.0"):
        assert torch_lines(fake_torch(cuda=cuda), "2.11.0", tmp_path)["GPU"].state is State.WARNING


@pytest.mark.parametrize("audio", [None, "2.10.0"])
def test_torchaudio_of_another_torch_is_a_problem(audio: str | None, tmp_path: Any) -> None:
    line = torch_lines(fake_torch(), audio, tmp_path)["torchaudio"]
    assert line.state is State.PROBLEM
    assert line.advice == "pip install 'torchaudio==2.11.*'"


def test_two_builds_of_faiss_clash() -> None:
    faiss = SimpleNamespace(__version__="1.15.1", get_num_gpus=lambda: 1, StandardGpuResources=1)
    both = list(
        accelerators.faiss(machine({"faiss-cpu": "1.15.1", "faiss-gpu": "1.15.1"}, faiss=faiss))
    )
    assert both[0].state is State.PROBLEM
    assert "pip uninstall faiss-cpu faiss-gpu" in both[0].advice
    one = {
        line.subject: line
        for line in accelerators.faiss(machine({"faiss-gpu": "1.15.1"}, faiss=faiss))
    }
    assert one["faiss"].message == "1.15.1 (faiss-gpu)"
    assert one["faiss GPUs"].message == "1"
    plain = SimpleNamespace(__version__="1.9")
    lines = list(accelerators.faiss(machine({"faiss-cpu": "1.9"}, faiss=plain)))
    assert [line.subject for line in lines] == ["faiss"]


def test_torch_and_faiss_must_be_new_enough(tmp_path: Any) -> None:
    line = torch_lines(fake_torch("2.10.1+cu128"), "2.10.0", tmp_path)["torch"]
    assert line.state is State.PROBLEM
    assert line.message == "2.10.1+cu128 is installed, >=2.11 is needed"
    assert line.advice == "pip install 'torch>=2.11'"
    assert torch_lines(fake_torch("2.11.0+cu130"), "2.11.0", tmp_path)["torch"].state is State.OK
    for build, version, subject in (
        ("faiss-cpu", "1.9.0", "faiss"),
        ("faiss-cpu", "1.8.0", "faiss-cpu"),
        ("faiss-gpu-cu12", "1.14.2", "faiss-gpu-cu12"),
    ):
        module = SimpleNamespace(__version__=version)
        (line,) = accelerators.faiss(machine({build: version}, faiss=module))
        assert line.subject == subject
        assert line.state is (State.OK if subject == "faiss" else State.PROBLEM)


def test_onnxruntime_without_a_cpu_is_a_problem() -> None:
    for names, state in ((["CPUExecutionProvider"], State.OK), ([], State.PROBLEM)):
        module = SimpleNamespace(get_available_providers=lambda names=names: names)
        (line,) = accelerators.providers(machine({}, onnxruntime=module))
        assert line.state is state
