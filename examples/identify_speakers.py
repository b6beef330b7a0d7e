"""Enrol some speakers, and say for other recordings which of them speaks, or none.

python examples/identify_speakers.py [STORE]
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

import spkret

STORE = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-store")
CORPUS = Path(__file__).parent / "corpus"

spkret.index(CORPUS, STORE)

recordings: dict[str, list[str]] = defaultdict(list)
with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        recordings[row["speaker"]].append(row["path"])

# The first six speakers of English are known, by three recordings each; all the others are not.
known = [speaker for speaker in sorted(recordings) if speaker.startswith("en-")][:6]
enrolment = Path("speakers.csv")
enrolled = [f"{speaker},{path}" for speaker in known for path in recordings[speaker][:3]]
enrolment.write_text("\n".join(["speaker,path", *enrolled]) + "\n", encoding="utf-8")

# One recording of a known speaker, and one of somebody else.
strangers = [speaker for speaker in sorted(recordings) if speaker not in known]
for path in (recordings[known[0]][3], recordings[strangers[0]][0]):
    answer = spkret.identify(STORE, path, enrolment=enrolment, open_set=True, top=3)
    ranked = ", ".join(f"{each.speaker} {each.probability:.2f}" for each in answer.speakers)
    print(f"{path}: {answer.speaker or 'none of them'} ({ranked})")

# A whole list at once, with the share of right answers where the speakers are known.
anchors = Path("anchors.txt")
asked = [path for speaker in known for path in recordings[speaker][3:]]
anchors.write_text("\n".join(asked) + "\n", encoding="utf-8")
many = spkret.identify_many(STORE, anchors, enrolment=enrolment)
if many.accuracy_ci is not None:
    low, high = many.accuracy_ci
    share = f"{many.accuracy:.1%} right ({low:.1%} to {high:.1%})"
    print(f"{len(many.speakers)} anchors: {share}")
