"""Draw trials, train a reranker on some speakers, and compare systems on the others.

python examples/compare_systems.py [STORE]
"""

import sys
from pathlib import Path

import spkret

STORE = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-store")
CORPUS = Path(__file__).parent / "corpus"

spkret.index(CORPUS, STORE)

# A trial is an anchor and a group of which the match is known. Three speakers in ten are kept back:
# nothing is ever trained on them.
training = spkret.make_trials(STORE, records=200, group_size=6, holdout=0.3)
test = spkret.make_trials(STORE, records=150, group_size=6, holdout=0.3, held_out=True)


def show(title: str) -> None:
    """Measure every system on the test trials, and print how often each is right."""
    evaluation = spkret.evaluate(STORE, test, log=False)
    print(f"\n{title}, {evaluation.records} trials")
    for name, figures in evaluation.systems.items():
        low, high = figures.top1_ci
        print(f"  {name:<9} top-1 {figures.top1:6.1%}  ({low:.1%} to {high:.1%})")


show("with the reranker that ships with spkret")

# From here on the store has a reranker of its own, which query and verify use as well.
own = spkret.train_reranker(STORE, training)
show("with one trained on this store")
for warning in own.warnings:
    print("  note:", warning)

most = list(own.importance)[:5]
print("\nit looks most at", ", ".join(most))
