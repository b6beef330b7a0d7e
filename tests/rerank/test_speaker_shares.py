from spkret.rerank.speaker_shares import SpeakerShare, shares_by_speaker


def test_the_shares_of_a_speakers_candidates_are_added_up() -> None:
    speakers = ["s", None, "t", "s", "t", "s"]
    found = shares_by_speaker(speakers, [0.25, 0.25, 0.25, 0.125, 0.0, 0.125])
    assert found == [
        SpeakerShare("s", 0.5, [1, 4, 6]),
        SpeakerShare("t", 0.25, [3, 5]),
    ]
    assert shares_by_speaker([None], [1.0]) == []
    assert shares_by_speaker(["s", "s"], [0.5, 0.5 + 1e-9])[0].probability == 1
