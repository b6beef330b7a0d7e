"""A folder of everything that a file system can hold: audio is indexed, the rest has a reason."""

import os
import socket
from pathlib import Path

import pytest
from hostile_audio import mutated_files, real

from spkret import api

NAMES = [
    "new\nline.wav",
    "quo'te\".wav",
    "a..wav..wav",
    "-rf.wav",
    "--help.wav",
    "x" * 251 + ".wav",
    "tab\t.wav",
    "ü.wav",
    "u\u0308.wav",
    "\u202egnp.wav",
    "; drop table recordings.wav",
    "%s%n.wav",
    "*.wav",
    "$(id).wav",
    " .wav",
    "a\\b.wav",
    "\x1b[31m.wav",
    "C:.wav",
]
LINKS = {
    "loop.wav": "loop.wav",
    "a.wav": "b.wav",
    "b.wav": "a.wav",
    "dangling.wav": "nowhere",
    "zero.wav": "/dev/zero",
    "random.flac": "/dev/urandom",
    "memory.wav": "/proc/self/mem",
    "again": ".",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of good files of odd names, and of things that are no files."""
    audio = tmp_path / "audio"
    audio.mkdir()
    for number, name in enumerate(NAMES):
        (audio / name).write_bytes(real("pcm16.wav") + bytes([number]))
    for name, target in LINKS.items():
        (audio / name).symlink_to(target)
    os.mkfifo(audio / "fifo.wav")
    (audio / "folder.wav").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        descriptor = os.open(audio, os.O_RDONLY)  # its path may be too long for a socket
        listening.bind(f"/proc/self/fd/{descriptor}/socket.wav")
        os.close(descriptor)
    Path(os.fsdecode(bytes(audio) + b"/\xff\xfe.wav")).write_bytes(real("pcm16.wav"))
    return audio


def test_good_files_are_indexed_and_all_else_has_a_reason(folder: Path, tmp_path: Path) -> None:
    summary = api.index(folder, tmp_path / "store")
    assert summary.indexed == len(NAMES)
    assert dict(summary.failed) == {"unreadable": 8, "bad_name": 1, "missing": 1}
    store = api.open(tmp_path / "store")
    found = api.sql(store, "select path, reason, detail from failures").fetchall()
    assert len(found) == 10
    assert all(reason and detail for _, reason, detail in found)
    stored = api.sql(store, "select path from recordings").fetchall()
    assert {path for (path,) in stored} == set(NAMES)


def test_good_files_become_what_they_are_without_the_bad_ones(tmp_path: Path) -> None:
    good = {
        f"{kind}-{number}.wav": real(kind) + bytes([number])
        for number in range(3)
        for kind in ("pcm16.wav", "pcm24.wav")
    }
    found = []
    for folder, bad in (("alone", {}), ("among", dict(mutated_files(90, 5)))):
        (tmp_path / folder).mkdir()
        for name, content in (good | bad).items():
            (tmp_path / folder / name).write_bytes(content)
        summary = api.index(tmp_path / folder, tmp_path / f"{folder}-store")
        done = summary.indexed + summary.duplicates + sum(summary.failed.values())
        assert done == len(good) + len(bad)
        rows = api.sql(
            api.open(tmp_path / f"{folder}-store"), "select path, embedding from recordings"
        )
        found.append({path: vector for path, vector in rows.fetchall() if path in good})
    assert found[0] == found[1]
    assert found[0].keys() == good.keys()
