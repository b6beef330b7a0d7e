"""Score a list of pairs, choose a threshold on it, and decide a new pair by that.

python examples/verify_a_list.py [STORE]
"""

import csv
import sys
from itertools import combinations
from pathlib import Path

import spkret

STORE = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-store")
CORPUS = Path(__file__).parent / "corpus"

spkret.index(CORPUS, STORE)

# A list of pairs as VoxCeleb writes them: 1 or 0 for one speaker or two, and two recordings.
with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as file:
    speaker = {row["path"]: row["speaker"] for row in csv.DictReader(file)}
english = [path for path in speaker if path.startswith("en/")][:30]
pairs = Path("pairs.txt")
pairs.write_text(
    "".join(f"{int(speaker[a] == speaker[b])} {a} {b}\n" for a, b in combinations(english, 2)),
    encoding="utf-8",
)

# No threshold fits all recordings, so one is chosen on pairs of the same kind: here the one that
# takes two speakers for one in at most 1 % of cases. It is saved in the store.
found = spkret.verify_pairs(STORE, pairs, false_alarm=0.01)
print(f"{found.pairs} pairs, {found.targets} of one speaker")
for name, figures in found.systems.items():
    low, high = figures.eer_ci
    print(f"  {name:<9} EER {figures.eer:6.1%}  ({low:.1%} to {high:.1%})")
print("threshold:", found.threshold)

# Every score is in a table, to be kept or looked at with other tools.
worst = found.rows.filter(found.rows["same_speaker"]).sort_by("cosine").slice(0, 3).to_pylist()
print("least alike of one speaker:", ", ".join(f"{row['a']} {row['b']}" for row in worst))

answer = spkret.verify(STORE, "en/031.opus", "en/032.opus")
print(f"\nen/031.opus and en/032.opus: one speaker? {answer.same_speaker}")
print(f"cosine {answer.cosine:.3f}, probability {answer.probability:.3f}; {answer.decision}")
