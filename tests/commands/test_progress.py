"""The progress bars: only on a terminal, and on stderr."""

import io
import sys

import pytest

from spkret.commands.progress import IndexBar, TrainingBar


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


def test_nothing_else_sees_anything(capsys: pytest.CaptureFixture[str]) -> None:
    run_bar()
    run_training_bar()
    assert capsys.readouterr() == ("", "")
