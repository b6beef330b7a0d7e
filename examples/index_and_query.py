"""Index a folder of recordings, and ask which of a group has the anchor's speaker.

python examples/index_and_query.py [STORE]
"""

import sys
from pathlib import Path

import spkret

STORE = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-store")
CORPUS = Path(__file__).parent / "corpus"

# Speakers, languages and noise come from the corpus's manifest.csv. What is in the store already is
# not read again, so this line may stand at the top of every script.
summary = spkret.index(CORPUS, STORE)
print(f"{summary.indexed} of {summary.files} files are new in {STORE}")

# An anchor and a group are stored paths, ids, or files anywhere on disk.
group = [f"en/{number:03}.opus" for number in range(10, 20)]
match = spkret.query(STORE, "en/001.opus", group, explain=True)

print(f"\nthe match is {match.path}, with a probability of {match.probability:.3f}")
print(f"that it is none of them: {match.none_probability:.3f}\n")
for candidate in match.candidates[:3]:
    print(f"{candidate.rank}. {candidate.path}: {candidate.explanation}")

# With min_probability or open_group the answer may be nobody: then `path` is None.
careful = spkret.query(STORE, "en/001.opus", group[:3], open_group=True)
print(f"\namong the first three alone: {careful.path or 'none of them'}")

# A file that is not stored is embedded on the fly; without a group the whole store is searched.
nearest = spkret.query(STORE, CORPUS / "de" / "001.opus", language="de", top=3)
print("nearest in German:", ", ".join(each.path for each in nearest.candidates))
