"""Every block of the README runs, one after the other, in a folder that has the example corpus."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from spkret.cli import cli

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
STORE_BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs" / "store-format.md").read_text(), re.M | re.S
)
OTHERS = ("make ", "pip ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with examples/corpus, in which the commands of the README make their store."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "examples").mkdir()
    (folder / "examples" / "corpus").symlink_to(ROOT / "examples" / "corpus")
    return folder


def run_line(line: str) -> None:
    """Run one line: spkret in this process, anything else in a shell."""
    if line.startswith("spkret "):
        result = CliRunner().invoke(cli, shlex.split(line, comments=True)[1:])
        assert result.exit_code == 0, f"{line}\n{result.output}"
    elif line and not line.startswith(OTHERS):
        subprocess.run(line, shell=True, check=True)  # noqa: S602 - the README's own line


def test_readme_and_store_format_blocks_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for kind, block in BLOCKS:
        if kind == "python":
            exec(compile(block, "README.md", "exec"), {})  # noqa: S102
        else:
            for line in block.splitlines():
                run_line(line)
    run_line("spkret check --compact")
    for block in STORE_BLOCKS:
        exec(compile(block, "store-format.md", "exec"), {})  # noqa: S102
