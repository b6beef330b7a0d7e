"""The progress bars: only on a terminal, and on stderr."""

import io
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spkret.commands import progress
from spkret.commands.progress import IndexBar, TrainingBar, Working


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run_bar() -> None:
    with IndexBar() as progress:
        progress(done=0, total=8, audio_s=0.0)
        progress(done=8, total=8, audio_s=20.0)


def run_training_bar() -> None:
    with TrainingBar() as progress:
        progress("tuning", 1, 2, "+0.0000 nats")
        progress("tuning", 2, 2, "+0.0123 nats")
        progress("ablation", 3, 7, "PLDA")


def test_terminal_sees_count_and_rate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    run_bar()
    assert "8/8" in terminal.getvalue()
    assert "files/s" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_terminal_sees_the_parts_of_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    run_training_bar()
    for shown in ("tuning", "2/2", "+0.0123 nats", "ablation", "3/7", "PLDA"):
        assert shown in terminal.getvalue()


def run_working() -> None:
    with Working("identifying") as bar:
        time.sleep(0.15)
        told = bar.part("anchors")
        told(1, 4)
        time.sleep(0.05)
        told(4, 4)


def test_terminal_sees_what_goes_on_and_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    run_working()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert re.search(r"identifying .* 0 s", shown)
    assert "4/4 in 0 s" in shown
    assert terminal.getvalue().endswith("\x1b[2K")  # and is gone at the end


@pytest.mark.parametrize(
    ("seconds", "written"), [(0.4, "0 s"), (59.4, "59 s"), (125, "2:05"), (3725, "1:02:05")]
)
def test_times_are_written_as_people_do(seconds: float, written: str) -> None:
    assert progress._clock(seconds) == written


@pytest.mark.skipif(shutil.which("script") is None, reason="needs script(1)")
def test_a_command_on_a_real_terminal(indexed: Path, tmp_path: Path) -> None:
    """Only a terminal sees the bar; what is printed is the same."""
    command = f"{sys.executable} -m spkret.cli audit --store {indexed} --most 1"
    piped = subprocess.run(command.split(), capture_output=True, text=True, check=True)
    seen = subprocess.run(
        ["script", "--quiet", "--command", f"{command} > {tmp_path / 'out'}", "/dev/null"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "comparing recordings" in seen.stdout
    assert (tmp_path / "out").read_text() == piped.stdout
    assert piped.stderr == ""


def test_nothing_else_sees_anything(capsys: pytest.CaptureFixture[str]) -> None:
    run_bar()
    run_training_bar()
    run_working()
    assert capsys.readouterr() == ("", "")
