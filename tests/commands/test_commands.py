"""Every command on the example corpus: its text, its JSON, its exit status."""

import csv
import io
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import Result

from spkret.commands.demo import CORPUS
from spkret.store.schema import Noise

Run = Callable[..., Result]
SYSTEMS = {"cosine", "asnorm", "qmf", "reranker"}


@pytest.fixture
def group(tmp_path: Path) -> Path:
    path = tmp_path / "group.txt"
    path.write_text("".join(f"en/{n:03}.opus\n" for n in range(2, 10)))
    return path


@pytest.fixture
def trials(run: Run, store: Path, tmp_path: Path) -> Path:
    path = tmp_path / "trials.jsonl"
    run("make-trials", "--records", 120, "--group-size", 8, "--out", path, "--store", store)
    return path


def test_index_again_reads_nothing(run: Run, store: Path) -> None:
    summary = json.loads(run("index", CORPUS, "--store", store, "--json").stdout)
    assert summary["files"] == summary["unchanged"] == 240
    assert summary["indexed"] == 0
    assert summary["found"]["speaker"] == 240


def test_index_says_what_it_did_and_what_is_better(run: Run, tmp_path: Path) -> None:
    result = run("index", CORPUS / "en", "--store", tmp_path / "new")
    assert "48 of 48 files indexed" in result.stdout
    assert "--model ecapa" in result.stderr
    assert "speaker" in result.stderr  # not found in the names of these files


def test_strict_index_fails_when_a_file_does(run: Run, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "broken.wav").write_bytes(b"no audio")
    (tmp_path / "audio" / "good.opus").write_bytes((CORPUS / "en" / "001.opus").read_bytes())
    store = tmp_path / "store"
    assert "1 of 2 files indexed" in run("index", tmp_path / "audio", "--store", store).stdout
    result = run("index", tmp_path / "audio", "--store", store, "--strict", status=1)
    assert "1 file could not be indexed (--strict); why: spkret sql" in result.stderr
    rows = json.loads(run("sql", "from failures", "--store", store, "--json").stdout)
    assert {row["path"] for row in rows} == {"broken.wav"}


def test_query_json_keeps_the_contract(run: Run, store: Path, group: Path) -> None:
    arguments = ("query", "en/001.opus", "--group", group, "--store", store, "--json", "--explain")
    match = json.loads(run(*arguments).stdout)
    assert set(match) == {
        *("anchor", "match", "probability", "none_probability", "encoder", "reranker"),
        *("candidates", "warnings"),
    }
    best = match["candidates"][0]
    assert best["path"] == match["match"]
    assert [c["rank"] for c in match["candidates"]] == list(range(1, 9))
    assert math.isclose(sum(c["probability"] for c in match["candidates"]), 1, abs_tol=1e-6)
    assert set(best) >= {"rank", "path", "id", "language", "noise", "cosine", "score"}
    assert f"cosine {best['cosine']:.2f}" in best["explanation"]


def test_explanations_are_printed_in_words(run: Run, store: Path, group: Path) -> None:
    arguments = ("query", "en/001.opus", "--group", group, "--store", store, "--explain")
    text = run(*arguments).stdout
    assert "\n3. en/" in text
    assert "what moved the score of en/" in text
    assert "deviations" in run("verify", "en/001.opus", "en/002.opus", *arguments[4:]).stdout
    pairs = group.with_name("pairs.txt")
    pairs.write_text("en/001.opus en/002.opus\n")
    run("verify", "--pairs", pairs, "--explain", "--store", store, status=2)


def test_query_prints_the_ranked_table_then_the_match(run: Run, store: Path, group: Path) -> None:
    lines = run("query", "en/001.opus", "--group", group, "--store", store).stdout.splitlines()
    assert lines[0].split()[:4] == ["rank", "path", "language", "noise"]
    assert len(lines) == 1 + 8 + 1
    assert f": {lines[1].split()[1]}  probability " in lines[-1]


def test_query_reads_the_group_from_stdin_and_files_not_stored(
    run: Run, store: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.opus"
    new.write_bytes((CORPUS / "es" / "001.opus").read_bytes())
    arguments = ("query", new, "--group", "-", "--store", store, "--json", "--no-log")
    match = json.loads(run(*arguments, stdin="en/002.opus\nes/002.opus\n").stdout)
    assert match["match"] in {"en/002.opus", "es/002.opus"}


def test_query_of_the_whole_store_takes_filters(run: Run, store: Path) -> None:
    options = ("--language", "de", "--noise", "clean", "--where", "duration_s > 2", "--top", 3)
    match = json.loads(run("query", "de/001.opus", *options, "--store", store, "--json").stdout)
    assert len(match["candidates"]) == 3
    assert {c["language"] for c in match["candidates"]} == {"de"}
    assert {c["noise"] for c in match["candidates"]} == {"clean"}


def test_query_may_abstain(run: Run, store: Path, group: Path) -> None:
    options = ("--group", group, "--min-probability", 1, "--store", store)
    assert run("query", "en/001.opus", *options).stdout.splitlines()[-1].startswith("no match")


def test_verify(run: Run, store: Path) -> None:
    arguments = ("verify", "en/001.opus", "en/002.opus", "--store", store)
    result = json.loads(run(*arguments, "--json").stdout)
    assert -1 <= result["cosine"] <= 1
    assert result["probability"] is None or 0 <= result["probability"] <= 1
    assert "cosine" in run(*arguments).stdout


def test_identify(run: Run, store: Path) -> None:
    arguments = ("identify", "fr/001.opus", "--top", 3, "--store", store)
    result = json.loads(run(*arguments, "--json").stdout)
    assert len(result["speakers"]) == 3
    last = run(*arguments).stdout.splitlines()[-1]
    assert last.startswith(("speaker: ", "best speaker", "no speaker"))


def test_trials_have_one_match_in_the_anchors_language(run: Run, trials: Path) -> None:
    rows = [json.loads(line) for line in trials.read_text().splitlines()]
    assert len(rows) == 120
    with (CORPUS / "manifest.csv").open() as file:
        speaker = {row["path"]: row["speaker"] for row in csv.DictReader(file)}
    for row in rows:
        of_anchor = [p for p in row["group"] if speaker[p] == speaker[row["anchor"]]]
        assert of_anchor == [row["match"]]
        assert {p[:2] for p in row["group"]} == {row["anchor"][:2]}
        assert len(row["group"]) == 8


def test_evaluate_json_keeps_the_contract(run: Run, store: Path, trials: Path) -> None:
    evaluation = json.loads(run("evaluate", trials, "--store", store, "--json").stdout)
    assert {"records", "skipped", "systems", "by_noise", "by_language"} <= set(evaluation)
    assert evaluation["records"] == 120
    assert {"cosine"} <= set(evaluation["systems"]) <= SYSTEMS | {"centred"}
    cosine = evaluation["systems"]["cosine"]
    assert cosine["top1_ci"][0] <= cosine["top1"] <= cosine["top1_ci"][1]
    assert sum(cell["records"] for cell in evaluation["by_language"].values()) == 120


def test_train_reranker_then_query_uses_it(
    run: Run, store: Path, trials: Path, group: Path
) -> None:
    result = json.loads(run("train-reranker", trials, "--store", store, "--json").stdout)
    assert set(result["systems"]) >= SYSTEMS
    arguments = ("query", "en/001.opus", "--group", group, "--store", store, "--json")
    assert json.loads(run(*arguments).stdout)["reranker"] is not None
    reranker = json.loads(run("info", "--store", store, "--json").stdout)["reranker"]
    assert (reranker["source"], reranker["trials"]) == ("store", 120)
    assert reranker["systems"]["cosine"] == result["systems"]["cosine"]
    text = run("info", "--store", store).stdout
    assert f"reranker of this store, saved at {reranker['saved_at']}: " in text
    assert next(iter(reranker["importance"])) in text


def test_evaluate_prints_the_systems(run: Run, store: Path, trials: Path) -> None:
    text = run("evaluate", trials, "--store", store, "--no-log").stdout
    assert text.splitlines()[0].split()[:2] == ["system", "top-1"]
    assert "by language" in text


def test_sql_formats(run: Run, store: Path) -> None:
    statement = "select noise, count(*) as n from recordings group by 1 order by 1"
    arguments = ("sql", statement, "--store", store, "--format")
    expected = [{"noise": str(n), "n": 80} for n in sorted(Noise) if n != Noise.UNKNOWN]
    assert json.loads(run(*arguments, "json").stdout) == expected
    assert run(*arguments, "csv").stdout == "noise,n\n" + "".join(
        f"{row['noise']},{row['n']}\n" for row in expected
    )
    assert (
        pq.read_table(io.BytesIO(run(*arguments, "parquet").stdout_bytes)).to_pylist() == expected
    )
    assert run(*arguments, "table").stdout.splitlines()[0].split() == ["noise", "n"]


def test_info_counts(run: Run, store: Path) -> None:
    info = json.loads(run("info", "--store", store, "--json").stdout)
    assert info["rows"] == 240
    assert info["reranker"] is None
    assert "240" in run("info", "--store", store).stdout
    assert "train one: spkret train-reranker" in run("info", "--store", store).stdout
    (store / "reranker").mkdir()
    (store / "reranker" / "reranker.json").write_text("{}")
    assert "warning: expected" in run("info", "--store", store).stderr


def test_check_of_a_whole_store(run: Run, store: Path) -> None:
    run("check", "--store", store, "--compact")
    assert json.loads(run("check", "--store", store, "--json").stdout)


def test_forget_erases_a_speaker(run: Run, store: Path) -> None:
    result = run("forget", "--speaker", "en-f1", "--yes", "--store", store, "--json")
    assert json.loads(result.stdout) == {"erased": 6, "copies": []}
    assert json.loads(run("info", "--store", store, "--json").stdout)["rows"] == 234
    run("forget", "--speaker", "en-f1", "--yes", "--store", store, status=1)
    run("forget", "--speaker", "de-f1", "--store", store, status=2)
    run("forget", "--store", store, status=2)
    run("forget", "--store", store, "--speaker", "a", "--path", "b", status=2)


def test_user_mistakes_are_one_line(run: Run, store: Path, tmp_path: Path) -> None:
    for arguments in (
        ("query", "no-such.wav", "--store", store),
        ("info", "--store", tmp_path / "nothing"),
        ("sql", "drop table recordings", "--store", store),
        ("sql", "select nonsense from recordings", "--store", store),
    ):
        result = run(*arguments, status=1)
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("Error: ")


def test_contradictions_are_wrong_usage(run: Run, store: Path, group: Path) -> None:
    result = run("query", 1, "--group", group, "--language", "en", "--store", store, status=2)
    assert len(result.stderr.splitlines()) == 1
    assert "no such option" in run("query", 1, "--no-such-option", status=2).stderr.lower()


def test_debug_shows_the_traceback(run: Run, tmp_path: Path) -> None:
    result = run("info", "--store", tmp_path / "nothing", "--debug", status=1)
    assert type(result.exception).__name__ == "StoreNotFoundError"


def test_store_can_come_from_the_environment(
    run: Run, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPKRET_STORE", str(store))
    assert json.loads(run("info", "--json").stdout)["rows"] == 240


def test_demo_ends_with_the_match(run: Run, tmp_path: Path) -> None:
    lines = run("demo", "--out", tmp_path / "demo").stdout.splitlines()
    assert lines[-1].startswith(("match: ", "best candidate"))
    commands = [line.split()[2] for line in lines if line.startswith("$ spkret ")]
    assert commands == ["index", "make-trials", "evaluate", "sql", "query"]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Every pair of the first recordings of English, as VoxCeleb writes them."""
    with (CORPUS / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("en/")][:24]
    lines = [
        f"{int(a['speaker'] == b['speaker'])} {a['path']} {b['path']}\n"
        for number, a in enumerate(rows)
        for b in rows[:number]
    ]
    path = tmp_path / "pairs.txt"
    path.write_text("".join(lines))
    return path


def test_verify_pairs_then_decide_by_their_threshold(
    run: Run, store: Path, pairs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.csv"
    arguments = ("verify", "--pairs", pairs, "--store", store, "--balanced", "--out", out)
    evaluation = json.loads(run(*arguments, "--json").stdout)
    assert {"pairs", "skipped", "systems", "histogram", "threshold"} <= set(evaluation)
    cosine = evaluation["systems"]["cosine"]
    assert cosine["eer_ci"][0] <= cosine["eer"] <= cosine["eer_ci"][1]
    assert evaluation["threshold"]["rule"] == "balanced errors"
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == evaluation["pairs"] == 276
    assert {"a", "b", "same_speaker", "cosine", "decision"} <= set(rows[0])
    text = run("verify", "en/001.opus", "en/002.opus", "--store", store).stdout
    assert "balanced errors on 276 pairs of pairs.txt" in text


def test_verify_pairs_prints_figures_and_a_histogram(run: Run, store: Path, pairs: Path) -> None:
    lines = run("verify", "--pairs", pairs, "--store", store, "--no-log").stdout.splitlines()
    assert lines[0].startswith("276 pairs, ")
    assert lines[1].split()[:3] == ["system", "EER", "%"]
    bars = [line for line in lines if "#" in line]
    assert 5 <= len(bars) <= 20
    for ending in ("jsonl", "parquet"):
        out = pairs.with_suffix(f".{ending}")
        run("verify", "--pairs", pairs, "--store", store, "--no-log", "--out", out)
    assert len(pairs.with_suffix(".jsonl").read_text().splitlines()) == 276
    assert pq.read_table(pairs.with_suffix(".parquet")).num_rows == 276


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "en/001.opus"),
        ("verify",),
        ("verify", "en/001.opus", "en/002.opus", "--balanced"),
        ("verify", "--pairs", "PAIRS", "en/001.opus"),
        ("verify", "--pairs", "PAIRS", "--balanced", "--threshold-at", "0.1"),
        ("verify", "--pairs", "PAIRS", "--threshold-at", "1.5"),
        ("verify", "--pairs", "PAIRS", "--out", "scores.doc"),
        ("verify", "--pairs", "no-such-file"),
        ("identify",),
        ("identify", "en/001.opus", "--anchors", "PAIRS"),
        ("identify", "en/001.opus", "--out", "answers.csv"),
        ("identify", "--anchors", "no-such-file"),
        ("query", "1", "--group", "no-such-file"),
        ("evaluate", "no-such-file"),
    ],
)
def test_wrong_usage_is_status_2(
    run: Run, store: Path, pairs: Path, arguments: tuple[str, ...]
) -> None:
    given = [pairs if word == "PAIRS" else word for word in arguments]
    assert run(*given, "--store", store, status=2).stdout == ""


def test_lists_that_hold_nothing_of_use_are_status_1(run: Run, store: Path, tmp_path: Path) -> None:
    empty, unknown, alone = (tmp_path / name for name in ("empty", "unknown", "alone"))
    empty.write_text("")
    unknown.write_text('{"anchor": "x.wav", "group": ["y.wav"], "match": "y.wav"}\n')
    alone.write_text("en/001.opus\n")
    lost = tmp_path / "lost"
    lost.write_text("1 x.wav y.wav\n")
    for arguments in (
        ("evaluate", empty),
        ("evaluate", unknown),
        ("query", "en/001.opus", "--group", empty),
        ("query", "en/001.opus", "--group", alone),
        ("verify", "--pairs", empty),
        ("verify", "--pairs", lost),
        ("identify", "--anchors", empty),
        ("identify", "en/001.opus", "--enrol", alone),
    ):
        assert len(run(*arguments, "--store", store, status=1).stderr.splitlines()) == 1


def test_identify_many_among_the_enrolled(run: Run, store: Path, tmp_path: Path) -> None:
    with (CORPUS / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("fr/")]
    enrol, anchors, out = (tmp_path / name for name in ("enrol.csv", "anchors.txt", "out.csv"))
    rows.sort(key=lambda row: row["speaker"])
    first = [row for n, row in enumerate(rows) if n % 6 < 3]
    enrol.write_text("".join(["speaker,path\n", *(f"{r['speaker']},{r['path']}\n" for r in first)]))
    anchors.write_text("".join(f"{row['path']}\n" for row in rows if row not in first))
    arguments = ("identify", "--anchors", anchors, "--enrol", enrol, "--top", 2, "--store", store)
    result = json.loads(run(*arguments, "--json").stdout)
    assert result["anchors"] == result["known"] == 24
    assert result["accuracy_ci"][0] <= result["accuracy"] <= result["top5"]
    assert {len(answer["speakers"]) for answer in result["identifications"]} == {2}
    text = run(*arguments, "--open", "--out", out).stdout
    assert text.splitlines()[0].split() == [
        *("anchor", "speaker", "true_speaker", "none_probability", "ranked")
    ]
    assert "right: " in text
    ten = run("identify", "--anchors", anchors, "--enrol", enrol, "--store", store).stdout
    assert ten.splitlines()[1].count(",") == 2
    with out.open() as file:
        saved = list(csv.DictReader(file))
    assert len(saved) == 24
    assert len(json.loads(saved[0]["probabilities"])) == 2
    one = run("identify", rows[5]["path"], "--enrol", enrol, "--store", store).stdout
    assert len(one.splitlines()) == 2 + 8


def test_a_folder_that_was_moved_is_taken_over(run: Run, tmp_path: Path) -> None:
    old, new, store = tmp_path / "old", tmp_path / "new", tmp_path / "store"
    old.mkdir()
    for name in ("001.opus", "002.opus"):
        shutil.copy2(CORPUS / "en" / name, old / name)
    run("index", old, "--store", store)
    old.rename(new)
    lost = run("index", new, "--store", store)
    assert f"spkret index {new} --moved-from {old}" in lost.stderr
    moved = run("index", new, "--moved-from", old, "--store", store)
    assert "0 of 2 files indexed" in moved.stdout
    assert "2 unchanged" in moved.stdout
    assert "is gone" not in moved.stderr
    roots = run("sql", "select root, path from recordings order by 2", "--store", store)
    assert roots.stdout.count(str(new)) == 2
    assert str(old) not in roots.stdout
    again = run("index", new, "--moved-from", old, "--store", store, status=2)
    assert f"it has: {new}" in again.stderr
