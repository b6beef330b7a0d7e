"""Write a report of one comparison: what was compared, how alike, why, on what ground.

python examples/compare_two_recordings.py [STORE] [REPORT]

A sketch of what a forensic report holds. A likelihood ratio is only as good as the recordings that
it was calibrated on are like these: measure it on recordings of the kind of the case.
"""

import math
import sys
from pathlib import Path

import spkret
from spkret.rerank.feature_table import FEATURES

STORE = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-store")
REPORT = Path(sys.argv[2] if len(sys.argv) > 2 else "comparison.md")
CORPUS = Path(__file__).parent / "corpus"
QUESTIONED, KNOWN = "en/001.opus", "en/017.opus"
MEANINGS = {one.name: f"{one.doc} ({one.unit})" if one.unit else one.doc for one in FEATURES}
COLUMNS = "path, content_hash, duration_s, speech_s, sample_rate_hz, snr_db, bandwidth_hz, noise"


def shown(value: object) -> str:
    """Write numbers with as many digits as they are good for."""
    return f"{round(value, 3):g}" if isinstance(value, float) else str(value)


spkret.index(CORPUS, STORE)

result = spkret.verify(STORE, QUESTIONED, KNOWN, explain=True, log=False)
where = f"path in ('{QUESTIONED}', '{KNOWN}')"
statement = f"select {COLUMNS} from recordings where {where} order by path"  # noqa: S608 - our own
table = spkret.sql(STORE, statement).to_arrow_table()

lines = ["# Comparison of two recordings\n", "| | questioned | known |", "| --- | --- | --- |"]
lines += [
    f"| {name} | {' | '.join(map(shown, table[name].to_pylist()))} |" for name in table.column_names
]

# At equal odds beforehand, the odds afterwards are the likelihood ratio: how much more probable the
# evidence is if one speaker speaks both than if two do. Log base 10 is the usual scale.
if result.probability is not None:
    ratio = result.probability / max(1 - result.probability, 1e-9)
    lines.append(f"\nLog likelihood ratio: {math.log10(max(ratio, 1e-9)):+.2f} (base 10)")
lines += [f"Cosine: {result.cosine:.3f}. Normalised score: {shown(result.asnorm)}.", "\n## Why\n"]
heading = "| feature | what it is | value | adds to the log odds |"
lines += [str(result.explanation), f"\n{heading}", "| --- | --- | --- | --- |"]
strongest = sorted((result.contributions or {}).items(), key=lambda item: -abs(item[1]))[:8]
values = result.features or {}
for name, part in strongest:
    lines.append(f"| {name} | {MEANINGS.get(name)} | {shown(values[name])} | {part:+.2f} |")

ground = f"spkret {spkret.__version__}, encoder {result.encoder}, reranker {result.reranker}"
lines += ["\n## Ground\n", ground]
lines += [f"- {warning}" for warning in result.warnings]
REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
print(f"report written to {REPORT}\n\n{REPORT.read_text(encoding='utf-8')}")
