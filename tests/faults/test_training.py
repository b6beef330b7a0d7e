"""`kill -9` of training: what is there is a whole encoder or none, and the next run goes on."""

import csv
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults.harness import Ended, Launcher
from faults.jobs import World
from tally import tell

from spkret.indexer.encoders import native

pytestmark = pytest.mark.slow

KILLED = -9
OPTIONS = ("--channels", "8", "--steps", "12", "--batch", "8", "--evaluate-every", "4")
SETUP = {
    "settings": {
        "spkret.indexer.training.material:VERSIONS": ("plain", "augmented"),
        "spkret.indexer.training.rooms:SIMULATED": 1,
    },
    "real_encoder": True,
}
MODULES = ("torch", "onnx", "safetensors.torch", "spkret.indexer.training.run")
POINTS = (
    "spkret.indexer.training.features:_make_shard",
    "spkret.indexer.training.checkpoint:save",
    "spkret.indexer.encoders.native:write_graph",
    "pathlib:Path.replace",
    "shutil:rmtree",
)


@dataclass(frozen=True, slots=True)
class School:
    """Where encoders are trained: the manifest, and what an undisturbed run makes of it."""

    launcher: Launcher
    manifest: Path
    fingerprint: str
    seconds: float

    def words(self, out: Path) -> list[object]:
        """Write the command."""
        return ["train-encoder", self.manifest, "--out", out, *OPTIONS]

    def look(self, out: Path, ended: Ended) -> bool:
        """See that a run that was cut off left a whole encoder or none, and that it goes on."""
        assert not native.recognises(out) or fingerprint(out) == self.fingerprint
        again = self.launcher.run(self.words(out), **SETUP)
        assert again.status == 0, again.err
        assert fingerprint(out) == self.fingerprint, "it became what an undisturbed run makes"
        names = {path.name for path in out.iterdir()}
        assert names == {native.WEIGHTS, native.GRAPH, native.CONFIG, native.CARD, "training"}
        tell("kill -9 of training", kills=ended.status == KILLED)
        return ended.status == KILLED


def fingerprint(out: Path) -> str:
    """Load an encoder, and tell its fingerprint."""
    return native.load_path(out, "cpu").identity.fingerprint


@pytest.fixture(scope="module")
def school(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    folder = tmp_path_factory.mktemp("school")
    with (world.audio / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == "en"][:30]
    manifest = world.audio / "school.csv"
    lines = [f"{row['path']},{row['speaker']}\n" for row in rows]
    manifest.write_text("".join(["path,speaker\n", *lines]))
    with Launcher(folder, MODULES) as launcher:
        school = School(launcher, manifest, "", 0)
        ended = launcher.run(school.words(folder / "out"), **SETUP)
        assert ended.status == 0, ended.err
        yield School(launcher, manifest, fingerprint(folder / "out"), ended.seconds)


def kill_at_random(school: School, out: Path, generator: random.Random) -> bool:
    shutil.rmtree(out, ignore_errors=True)
    process = school.launcher.start(school.words(out), **SETUP)
    return school.look(out, process.kill(generator.uniform(0, school.seconds)))


def test_ten_kills_of_training(school: School, tmp_path: Path) -> None:
    generator = random.Random(1)
    kills = sum(kill_at_random(school, tmp_path / "out", generator) for _ in range(10))
    assert kills >= 8


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("then", ["kill", "kill after"])
def test_training_killed_at_a_point_goes_on(
    school: School, tmp_path: Path, point: str, then: str
) -> None:
    nth = 1
    while killed_at(school, tmp_path / str(nth), {"at": point, "nth": nth, "then": then}):
        nth += 1
    assert nth > 1, "the point was never reached"


def killed_at(school: School, out: Path, fault: dict[str, object]) -> bool:
    ended = school.launcher.run(school.words(out), **SETUP, faults=[fault])
    return school.look(out, ended)
