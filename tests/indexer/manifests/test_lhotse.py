import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spkret.errors import ManifestError
from spkret.indexer.manifest import read_recordings
from spkret.indexer.manifests.lhotse import is_lhotse, read_lhotse
from spkret.indexer.manifests.rows import BadRow, Row
from spkret.indexer.reasons import Reason

Object = Mapping[str, Any]


def recording(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "sources": [{"type": "file", "channels": [0], "source": f"{name}.wav"}],
        "sampling_rate": 16000,
        "num_samples": 32000,
        "duration": 2.0,
        "channel_ids": [0],
        **fields,
    }


def supervision(of: str, speaker: str | None = None, **fields: Any) -> dict[str, Any]:
    own = {"id": f"s-{of}", "recording_id": of, "start": 0.0, "duration": 2.0, "channel": 0}
    return own | ({} if speaker is None else {"speaker": speaker}) | fields


def cut(of: Object, *supervisions: Object, **fields: Any) -> dict[str, Any]:
    own = {"id": "c", "start": 0, "duration": 2.0, "channel": 0, "type": "MonoCut"}
    return {**own, "supervisions": list(supervisions), "recording": of, **fields}


def written(path: Path, objects: Sequence[Object]) -> Path:
    data = "".join(json.dumps(each) + "\n" for each in objects).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("named", ["recordings", "supervisions"])
def test_recordings_and_supervisions(tmp_path: Path, ending: str, named: str) -> None:
    written(tmp_path / f"x_recordings_dev.jsonl{ending}", [recording("a"), recording("b")])
    custom = {"noise": "phone", "age": 30, "device": "x"}
    said = supervision("a", "ann", language="en-US", gender="F", text="hi", custom=custom)
    written(tmp_path / f"x_supervisions_dev.jsonl{ending}", [said])
    assert list(read_lhotse(tmp_path / f"x_{named}_dev.jsonl{ending}")) == [
        Row(
            "a.wav",
            f"x_recordings_dev.jsonl{ending} line 1",
            {
                "speaker": "ann",
                "language": "en-US",
                "gender": "F",
                "noise": "phone",
                "age": "30",
            },
            {"device": "x", "text": "hi", "recording": "a"},
        ),
        Row("b.wav", f"x_recordings_dev.jsonl{ending} line 2", {}, {"recording": "b"}),
    ]


def test_several_speakers_are_none_and_the_run_says_so(tmp_path: Path) -> None:
    written(tmp_path / "recordings.jsonl", [recording("a"), recording("b")])
    said = [supervision("a", "ann", gender="f"), supervision("a", "bea", gender="f")]
    same = [supervision("b", "bob", text="one"), supervision("b", "bob", text="two")]
    written(tmp_path / "supervisions.jsonl", [*said, *same])
    listed = read_recordings(tmp_path)
    assert [each.speaker.value for each in listed.recordings] == [None, "bob"]
    assert [each.gender.value for each in listed.recordings] == ["f", None]
    (doubt,) = listed.doubts
    assert "several speakers" in doubt
    assert doubt.endswith("without a speaker: a.wav")


def test_whole_cuts_are_read_and_parts_are_not(tmp_path: Path) -> None:
    custom = {"noise": "clean"}
    whole = cut(recording("a"), supervision("a", "ann"), custom=custom)
    part = cut(recording("b"), start=0.5, duration=1.0)
    mixed = {"id": "m", "type": "MixedCut", "tracks": []}
    path = written(tmp_path / "cuts.jsonl.gz", [whole, part, mixed])
    first, second, third = read_lhotse(path)
    assert isinstance(first, Row)
    assert first.tags == {"speaker": "ann", "noise": "clean"}
    assert isinstance(second, BadRow)
    assert second.detail.startswith("cuts.jsonl.gz line 2: 1 s from 0.5 s")
    assert isinstance(third, BadRow)
    assert "expected a cut of one recording, got 'MixedCut'" in third.detail


def test_a_channel_of_a_call_is_no_recording(tmp_path: Path) -> None:
    call = recording("a", channel_ids=[0, 1])
    cuts = [cut(call, channel=0), cut(call, channel=1), cut(call, type="MultiCut", channel=[0, 1])]
    first, second, both = read_lhotse(written(tmp_path / "cuts.jsonl", cuts))
    assert isinstance(first, BadRow)
    assert first.detail == (
        "cuts.jsonl line 1: channel 0 of several: channels are not told apart, split the file"
    )
    assert isinstance(second, BadRow)
    assert isinstance(both, Row)


@pytest.mark.parametrize(
    ("of", "fields", "is_doubted"),
    [
        ({"duration": 10.0}, {}, True),
        ({"duration": 3.9}, {}, False),
        ({"channel_ids": [0, 1]}, {}, True),
        ({"channel_ids": [0, 1]}, {"channel": [0, 1]}, False),
    ],
)
def test_a_part_that_labels_the_whole_is_a_doubt(
    tmp_path: Path, of: Object, fields: Object, is_doubted: bool
) -> None:
    written(tmp_path / "recordings.jsonl", [recording("a", **of), recording("b")])
    written(tmp_path / "supervisions.jsonl", [supervision("a", "ann", **fields)])
    listed = read_recordings(tmp_path)
    assert [each.speaker.value for each in listed.recordings] == ["ann", None]
    assert ["label the whole: a.wav" in doubt for doubt in listed.doubts] == [True] * is_doubted


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sources": [{"type": "command", "source": "sox x"}]}, Reason.COMMAND),
        ({"sources": [{"type": "url", "source": "https://x"}]}, Reason.BAD_ROW),
        ({"sources": []}, Reason.BAD_ROW),
        ({"transforms": [{"name": "Speed", "kwargs": {}}]}, Reason.BAD_ROW),
    ],
)
def test_audio_that_is_no_file_fails_alone(tmp_path: Path, fields: Object, reason: Reason) -> None:
    odd = recording("b", **fields)
    path = written(tmp_path / "recordings.jsonl", [recording("a"), odd])
    good, bad = read_lhotse(path)
    assert isinstance(good, Row)
    assert isinstance(bad, BadRow)
    assert bad.reason == reason


def test_supervisions_alone_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "supervisions.jsonl", [supervision("a", "ann")])
    with pytest.raises(ManifestError, match=r"name them recordings\.jsonl"):
        list(read_lhotse(path))


def test_a_folder_of_manifests_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    written(folder / "recordings.jsonl.gz", [recording("a")])
    written(folder / "supervisions.jsonl.gz", [supervision("a", "ann")])
    (one,) = read_recordings(tmp_path, folder).recordings
    assert (one.path, one.speaker.value) == ("a.wav", "ann")


def test_plain_json_lines_are_not_lhotse(tmp_path: Path) -> None:
    nemo = {"audio_filepath": "a.wav", "duration": 2.0, "offset": 0, "label": "ann"}
    assert not is_lhotse(written(tmp_path / "manifest.jsonl", [nemo]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = ["id", "sources", "recording", "supervisions", "start", "duration", "custom", "type"]


@given(st.sampled_from(["cut", "recording"]), st.sampled_from(FIELDS), JSON)
def test_any_value_is_read_or_a_failure(
    tmp_path: Path, kind: str, field: str, value: object
) -> None:
    whole = recording("a") if kind == "recording" else cut(recording("a"), supervision("a"))
    path = written(tmp_path / "cuts.jsonl", [cut(recording("z")), {**whole, field: value}])
    assert all(isinstance(row, Row | BadRow) for row in read_lhotse(path))


@given(st.binary(max_size=80), st.sampled_from(["cuts.jsonl", "cuts.jsonl.gz"]))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    try:
        assert isinstance(is_lhotse(path), bool)
    except ManifestError as error:
        assert str(path) in str(error)  # noqa: PT017
