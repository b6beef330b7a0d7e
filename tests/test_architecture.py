"""The house stays in order: who imports whom, what ships, what is light, what is documented."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import spkret
from spkret.cli import cli
from spkret.commands.base import Command

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

ROOMS_BELOW = {
    "errors": set(),
    "metrics": set(),
    "store": set(),
    "retrieval": {"store"},
    "rerank": {"retrieval", "store"},
    "indexer": {"store"},
    "matcher": {"rerank", "retrieval", "store"},
    "analysis": {"matcher", "rerank", "retrieval", "indexer", "store"},
    "interchange": {"rerank", "retrieval", "indexer", "store", ""},
    "cluster": {"indexer", "store"},
    "api": {
        *("analysis", "cluster", "interchange", "matcher", "rerank", "retrieval", "indexer"),
        "store",
    },
    "web": {"analysis", "api", "matcher", "rerank", "retrieval", "indexer", "store", ""},
    "commands": {
        *("analysis", "api", "cluster", "interchange", "matcher", "rerank", "retrieval"),
        *("indexer", "store", "web", ""),
    },
    "cli": {"commands", ""},
    "": {"api"},
}
KNOWN_BY_ALL = {"errors", "metrics"}
HEAVY = {
    "deltalake",
    "duckdb",
    "faiss",
    "fastapi",
    "h5py",
    "jinja2",
    "kaldiio",
    "lightgbm",
    "matplotlib",
    "numpy",
    "onnxruntime",
    "plotly",
    "pyarrow",
    "ray",
    "scipy",
    "sklearn",
    "speechbrain",
    "torch",
    "uvicorn",
}
COMMANDS = sorted(cli.commands)


def package_folders() -> list[Path]:
    """Folders of the package, found by their `__init__.py`, the root first."""
    outside = {"tests", "benchmarks", "build", "dist"}
    found = [p.parent for p in ROOT.rglob("__init__.py")]
    inside = [f.relative_to(ROOT) for f in found]
    return sorted(
        f for f in inside if not f.parts or (f.parts[0] not in outside and f.parts[0][0] != ".")
    )


def modules() -> list[Path]:
    """Every module of the package, relative to the root."""
    return sorted(m.relative_to(ROOT) for f in package_folders() for m in (ROOT / f).glob("*.py"))


def room_of(module: Path) -> str:
    """The room a module is in; the root's `__init__` is the empty name."""
    name = module.parts[0].removesuffix(".py")
    return "" if name == "__init__" else name


def imported_rooms(module: Path) -> Iterator[str]:
    """Rooms that a module imports, also inside functions, relatively or by spkret's name."""
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".") if node.module else []
            if node.level:
                base = list(module.parent.parts)
                base = base[: len(base) - node.level + 1]
                target = base + parts
            elif parts and parts[0] == "spkret":
                target = parts[1:]
            else:
                continue
            yield from _rooms(target, [alias.name for alias in node.names])
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "spkret":
                    yield from _rooms(alias.name.split(".")[1:], [])


def _rooms(target: list[str], names: list[str]) -> list[str]:
    if target:
        return [target[0]]
    return [name if name in ROOMS_BELOW else "" for name in names] or [""]


@pytest.mark.parametrize("module", modules(), ids=str)
def test_imports_run_one_way(module: Path) -> None:
    room = room_of(module)
    allowed = ROOMS_BELOW[room] | KNOWN_BY_ALL | {room}
    assert set(imported_rooms(module)) <= allowed


def test_packages_listed_are_the_packages_in_the_tree() -> None:
    listed = PYPROJECT["tool"]["setuptools"]["packages"]
    assert listed == [".".join(("spkret", *folder.parts)) for folder in package_folders()]


def test_modules_at_the_root_are_the_expected_ones() -> None:
    expected = {"__init__", "cli", "errors"}
    assert {path.stem for path in ROOT.glob("*.py")} == expected


def test_version_is_the_same_everywhere() -> None:
    newest = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == PYPROJECT["project"]["version"] == spkret.__version__


def test_constraints_name_versions_and_no_hosts() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin) for pin in pins)
    assert {"torch==2.11.0", "torchaudio==2.11.0", "faiss-cpu==1.15.1"} <= set(pins)


def test_the_package_offers_what_its_all_says() -> None:
    for name in spkret.__all__:
        assert callable(getattr(spkret, name))
        assert getattr(spkret, name).__doc__
    assert set(spkret.__all__) <= set(dir(spkret))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        spkret.no_such_name  # noqa: B018


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running some code."""
    report = "import sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", ["spkret", "spkret.cli", "spkret.api"])
def test_import_loads_no_heavy_library(module: str) -> None:
    assert not loaded_after(f"import {module}") & HEAVY


def test_every_help_is_fast_and_loads_no_heavy_library() -> None:
    code = f"""
from click.testing import CliRunner
from spkret.cli import cli
for command in {[[], *([name] for name in COMMANDS)]!r}:
    result = CliRunner().invoke(cli, [*command, "--help"])
    assert result.exit_code == 0, result.output
import time
assert time.process_time() < 0.5, time.process_time()
"""
    assert not loaded_after(code) & (HEAVY | {"rich"})


def test_commands_run_without_importing_pandas(tmp_path: Path) -> None:
    (tmp_path / "pandas").mkdir()
    (tmp_path / "pandas" / "__init__.py").write_text("raise SystemExit('pandas was imported')")
    code = """
import sys
import pyarrow as pa
from spkret import cli
sys.argv = ["spkret", "--version"]
try:
    cli.main()
finally:
    print(pa.array(["a"]).to_numpy(zero_copy_only=False))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert (run.returncode, "['a']" in run.stdout) == (0, True), run.stderr


def test_commands_are_those_of_the_contract() -> None:
    assert set(COMMANDS) == {
        "index",
        "query",
        "verify",
        "identify",
        "make-trials",
        "train-reranker",
        "evaluate",
        "train-encoder",
        "fuse-encoders",
        "export-onnx",
        "export",
        "import",
        "serve",
        "sql",
        "tag",
        "tag-windows",
        "info",
        "audit",
        "probe",
        "report",
        "models",
        "doctor",
        "completion",
        "check",
        "forget",
        "log",
        "demo",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_an_example_and_store(name: str) -> None:
    command = cli.commands[name]
    assert isinstance(command, Command)
    assert command.help
    assert command.examples
    assert all(re.search(r"(^|\W)spkret ", example) for example in command.examples)
    assert "--store" in {opt for p in command.params for opt in p.opts}
    assert all(p.help for p in command.params if isinstance(p, click.Option))


def test_command_line_reference_is_the_help() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
