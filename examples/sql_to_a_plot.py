"""Ask the store by SQL, take the answer as a data frame, and plot it.

python examples/sql_to_a_plot.py [STORE] [PLOT]

Needs polars and the extra plots: pip install polars 'spkret[plots]'
"""

import sys
from pathlib import Path

import matplotlib as mpl
import polars as pl

import spkret

mpl.use("Agg")  # into a file, without a window
import matplotlib.pyplot as plt

STORE = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-store")
PLOT = Path(sys.argv[2] if len(sys.argv) > 2 else "cosines.png")
CORPUS = Path(__file__).parent / "corpus"

spkret.index(CORPUS, STORE)

# The answer is a DuckDB relation: .pl() is a polars frame, .df() a pandas one.
counts: pl.DataFrame = spkret.sql(
    STORE,
    "select language, noise, count(*) as files, avg(snr_db) as snr from recordings group by all",
).pl()
print(counts.pivot(on="noise", index="language", values="files").sort("language"))

# Every score that query, verify and evaluate compute is kept in the table `scores`.
spkret.evaluate(STORE, spkret.make_trials(STORE, records=200, group_size=8))
scores: pl.DataFrame = spkret.sql(
    STORE, "select cosine, is_match from scores where is_match is not null"
).pl()
print(scores.group_by("is_match").agg(pl.len(), pl.col("cosine").mean().round(3)))

figure, axes = plt.subplots(figsize=(7, 4))
for is_match, label in ((True, "the match"), (False, "another speaker")):
    cosines = scores.filter(pl.col("is_match") == is_match)["cosine"].to_numpy()
    axes.hist(cosines, bins=40, density=True, alpha=0.6, label=label)
axes.set(xlabel="cosine", ylabel="density", title="Cosines of candidates")
axes.legend()
figure.savefig(PLOT, dpi=150)
print(f"plot written to {PLOT}")
