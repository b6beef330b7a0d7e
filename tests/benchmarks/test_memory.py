import csv
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from memory import Pass, growth, in_words, report, table
from memory_parts import clips
from memory_parts.watching import Look, Watched, watch


def corpus(folder: Path) -> Path:
    """Two recordings, one of them with a silent second in its middle, and one that repeats."""
    generator = np.random.default_rng(0)
    noise = [generator.normal(0, 0.1, 16_000) for _ in range(5)]
    waves = {
        "a.wav": [noise[0], np.zeros(16_000), noise[1], noise[2][:8_000]],
        "b.wav": [noise[3], noise[4]],
        "c.wav": [noise[3]],
    }
    for name, parts in waves.items():
        soundfile.write(folder / name, np.concatenate(parts), 16_000)
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, clips.COLUMNS)
        writer.writeheader()
        writer.writerows(
            {"path": name, "speaker": name, "language": "en", "source": "made"} for name in waves
        )
    return folder


def test_clips_are_heard_and_distinct(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    made = clips.make(corpus(tmp_path / "speech"), tmp_path / "audio", 4, 1.0)
    sounds = {(made.folder / row["path"]).read_bytes() for row in made.rows}
    assert len(sounds) == len({row["speaker"] for row in made.rows}) == 4
    listed = made.manifest(3, tmp_path / "three.csv").read_text().splitlines()
    assert len(listed) == 4
    assert listed[1] == f"{made.rows[0]['path']},speaker-000,en,,,made"
    with pytest.raises(SystemExit, match=r"expected 5 clips of 1\.0 s in .*, got 4"):
        clips.make(tmp_path / "speech", tmp_path / "audio", 5, 1.0)


def test_command_is_watched(tmp_path: Path) -> None:
    program = "import time; held = bytearray(100 << 20); time.sleep(0.8); print('done')"
    watched = watch([sys.executable, "-c", program], tmp_path / "store")
    assert watched.out == "done\n"
    assert watched.wall_s > 0.8
    assert watched.peak_mib > 100
    assert watched.anonymous_peak_mib > 100
    with pytest.raises(SystemExit, match="exit status 3"):
        watch([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "store")


def test_looks_by_rows_and_by_time() -> None:
    looks = [Look(at, rows, 0, 0) for at, rows in ((0, 0), (1, 30), (2, 60), (3, 100), (4, 100))]
    watched = Watched("", 4.2, 1, 1, looks)
    assert [watched.by_rows(share, 100).at_s for share in (0.25, 0.5, 0.75, 1)] == [1, 2, 3, 3]
    assert [watched.by_time(share).at_s for share in (0.25, 0.5, 0.75, 1)] == [1, 2, 3, 4]
    assert watched.by_rows(1, 101).at_s == 4


def one_pass(files: int, run: str, wall_s: float, end_mib: float) -> Pass:
    quarters = [end_mib - 3, end_mib - 2, end_mib - 1, end_mib]
    return Pass(
        files=files,
        run=run,
        indexed=files,
        unchanged=0,
        failed=0,
        wall_s=wall_s,
        cpu_s=1.0,
        files_a_second=files / wall_s,
        peak_mib=900.0,
        anonymous_peak_mib=end_mib + 10,
        anonymous_mib=quarters,
        rss_mib=quarters,
        store_mib=1.0,
        parquet_files=1,
        load=1.0,
    )


def test_growth_by_hand() -> None:
    sizes = ((1_000, 10.0, 200.0), (3_000, 33.0, 202.0))
    passes = [one_pass(n, run, wall, end) for n, wall, end in sizes for run in ("first", "again")]
    first, again = growth(passes)
    assert (first["run"], again["run"]) == ("first", "again")
    assert first["files"] == [1_000, 3_000]
    assert first["end_mib"] == first["peak_mib"] == 2
    assert first["end_bytes_a_file"] == round(2 * 2**20 / 2_000)
    assert first["seconds_a_file_ratio"] == 1.1
    assert report(passes[:3], 1.0)["growth"] == []
    assert "+2.0 MiB at the end (1,049 bytes a file)" in in_words(first)
    assert table(passes).splitlines()[2].startswith("| 1,000 | first | 10 |")
