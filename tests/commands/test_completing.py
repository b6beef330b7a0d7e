"""Shell completion: the scripts, and what real shells complete with them."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete, get_completion_class
from click.testing import Result

from spkret.cli import cli
from spkret.commands.completing import INSTALL
from spkret.commands.values import MODEL_NAMES
from spkret.indexer.encoders import registry

Run = Callable[..., Result]

BASH = """
source {script}
COMP_WORDS=({words})
COMP_CWORD={last}
_spkret_completion spkret
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(shell: str, *words: str) -> list[str]:
    """What one shell's completion offers for the last of the words."""
    kind = get_completion_class(shell)
    assert kind is not None
    shell_complete: ShellComplete = kind(cli, {}, "spkret", "_SPKRET_COMPLETE")
    *before, incomplete = words
    return [item.value for item in shell_complete.get_completions(before, incomplete)]


def test_every_name_of_a_model_is_completed() -> None:
    assert set(MODEL_NAMES) == {model.name for model in registry.models()}


@pytest.mark.parametrize("shell", INSTALL)
def test_scripts_end_with_how_to_keep_them(run: Run, shell: str) -> None:
    lines = run("completion", shell).stdout.splitlines()
    assert any("_SPKRET_COMPLETE" in line for line in lines)
    assert lines[-1] == f"# to keep it: {INSTALL[shell]}"


def test_an_unknown_shell_is_wrong_usage(run: Run) -> None:
    assert "bash" in run("completion", "tcsh", status=2).stderr


@pytest.mark.parametrize("shell", INSTALL)
def test_commands_options_and_values(shell: str, store: Path) -> None:
    assert completed(shell, "que") == ["query"]
    assert "--min-probability" in completed(shell, "query", "a.wav", "--m")
    assert completed(shell, "index", "--model", "tita") == ["titanet-large", "titanet-small"]
    assert completed(shell, "probe", "--features", "aco") == ["acoustics"]
    assert completed(shell, "query", "--noise", "cl") == ["clean"]
    assert completed(shell, "query", "a", "--device", "open") == ["openvino"]
    of_store = ("query", "--store", str(store), "--language", "")
    assert completed(shell, *of_store) == ["de", "en", "es", "fr", "sw"]


def test_files_are_left_to_the_shell() -> None:
    kind = get_completion_class("bash")
    assert kind is not None
    shell = kind(cli, {}, "spkret", "_SPKRET_COMPLETE")
    for words in (["query"], ["verify", "a.wav"], ["evaluate"], ["index", "--model", "./x"]):
        *before, incomplete = [*words, ""] if len(words) < 3 else words
        (item,) = shell.get_completions(before, incomplete)
        assert item.type == "file"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_real_bash_completes(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "spkret.bash"
    script.write_text(run("completion", "bash").stdout)
    (tmp_path / "trials.jsonl").touch()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def offered(*words: str) -> list[str]:
        code = BASH.format(script=script, words=" ".join(words), last=len(words) - 1)
        ran = subprocess.run(
            ["bash", "-c", code],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
            cwd=tmp_path,
            check=True,
        )
        return ran.stdout.split()

    assert offered("spkret", "que") == ["query"]
    assert offered("spkret", "index", "--model", "xv") == ["xvector"]
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    offered("spkret", "evaluate", "tri")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 3


def test_completion_loads_nothing_heavy() -> None:
    code = (
        "import sys; from spkret.cli import cli\n"
        "from click.shell_completion import BashComplete\n"
        "BashComplete(cli, {}, 'spkret', 'X').get_completions(['index', '--model'], 'e')\n"
        "BashComplete(cli, {}, 'spkret', 'X').get_completions(['query', '--language'], '')\n"
        "assert not {'numpy', 'pyarrow', 'rich', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
