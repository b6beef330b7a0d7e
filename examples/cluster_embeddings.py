"""Take the embeddings out as a NumPy array, and cluster them with scikit-learn.

python examples/cluster_embeddings.py [STORE]

The number of speakers is not told; how well the clusters fit the labels is measured at the end.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, silhouette_score

import spkret

STORE = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-store")
CORPUS = Path(__file__).parent / "corpus"

spkret.index(CORPUS, STORE)

# Embeddings are of unit length, so a product is a cosine. One language and one noise condition:
# recordings of another channel differ by that before they differ by their speaker.
rows = spkret.sql(
    STORE,
    "select path, speaker, embedding from recordings"
    " where language = 'en' and noise = 'clean' order by path",
).to_arrow_table()
embeddings = np.array(rows["embedding"].to_pylist(), np.float32)
labels = np.array(rows["speaker"].to_pylist())
print(f"{len(embeddings)} recordings of {len(set(labels))} speakers, {embeddings.shape[1]} numbers")

# Try every number of clusters, and keep the one whose clusters are the most compact.
tried = {}
for count in range(2, len(embeddings)):
    model = AgglomerativeClustering(count, metric="cosine", linkage="average")
    clusters = model.fit_predict(embeddings)
    tried[count] = (silhouette_score(embeddings, clusters, metric="cosine"), clusters)
best = max(tried, key=lambda count: tried[count][0])
clusters = tried[best][1]

print(
    f"{best} clusters; agreement with the labels {adjusted_rand_score(labels, clusters):.2f} of 1"
)
for cluster in range(best):
    members = rows.filter(clusters == cluster)
    print(f"  {cluster}: {', '.join(members['path'].to_pylist())}")
