"""The sections on the map and the clusters."""

from . import figures_map as figures
from .clusters import Clustering, Clusters
from .content import Chart, Section, Table
from .map import EmbeddingMap

_METHODS = {
    "pca": "PCA: the two directions of most variance",
    "tsne": "t-SNE: neighbours stay together, distances across the map mean little",
}


def map_sections(laid: EmbeddingMap | None, clusters: Clusters | None) -> list[Section]:
    """List the sections, in order."""
    return [_map(laid), _clusters(clusters)]


def _map(laid: EmbeddingMap | None) -> Section:
    title = "Map of the embeddings"
    if laid is None:
        text = "There are no recordings: index a folder of audio: spkret index AUDIO_DIR."
        return Section("map", title, missing=text)
    drawn = len(laid.x)
    some = f"{drawn:,} recordings of {laid.of:,}, whole speakers drawn at random; --points N shows"
    text = f"All {drawn:,} recordings." if drawn == laid.of else f"{some} more or fewer."
    chart = Chart(
        "chart-map",
        "What do the embeddings hold: the speaker, or the language and the noise as well?",
        "Each point is a recording, near its most similar ones. Islands of one colour mean that"
        " embeddings tell that label; hover for the file. Speakers share colours in turn.",
        figures.embedding_map(laid),
        colourings=_colourings(laid),
    )
    return Section("map", title, (text, f"{_METHODS[laid.projection]}."), (chart,))


def _colourings(laid: EmbeddingMap) -> list[str]:
    """List what tells points apart, the noise condition first, as the figure has it."""
    known = [
        name
        for name, column in figures.COLOURINGS.items()
        if len({v for v in getattr(laid, column) if v is not None} - {"unknown"})
    ]
    return ["noise", *(name for name in known if name != "noise")]


def _clusters(clusters: Clusters | None) -> Section:
    title = "Clusters"
    if clusters is None:
        return Section("clusters", title, missing="Ten recordings are needed to look for clusters.")
    sample = f"Without looking at labels, {clusters.recordings:,} of {clusters.of:,} recordings"
    if clusters.speakers:
        sample += f" ({clusters.speakers:,} speakers, whole)"
    told = [f"{sample} were clustered by their embeddings.", *map(_told, clusters.found)]
    if clusters.threshold is None:
        told.append("Agglomerative clustering needs labelled pairs to know where to stop.")
    else:
        told.append(
            f"Agglomerative clustering merges while the mean cosine of two clusters is above"
            f" {clusters.threshold:.3f}, the threshold of equal errors above."
        )
    if not clusters.speakers:
        told.append("There are no labels to compare the clusters with.")
        return Section("clusters", title, told)
    chart = Chart(
        "chart-clusters",
        "Do clusters found without labels agree with the speakers?",
        "V-measure and the adjusted Rand index are 1 where clusters are the speakers; purity is 1"
        " where no cluster mixes speakers, even if it splits them.",
        figures.agreement(clusters),
        _table(clusters),
    )
    return Section("clusters", title, told, (chart,))


def _told(found: Clustering) -> str:
    method = figures.METHODS[found.method]
    return (
        f"{method[0].upper()}{method[1:]} found {found.clusters:,} clusters and left"
        f" {found.single:,} recordings single."
    )


def _table(clusters: Clusters) -> Table:
    columns = ("method", "clusters", "single recordings", "speakers", "V-measure",
               "adjusted Rand index", "purity")  # fmt: skip
    rows = [
        (
            figures.METHODS[each.method],
            *(each.clusters, each.single, clusters.speakers),
            round(each.agreement.v_measure, 3),
            round(each.agreement.adjusted_rand, 3),
            round(each.agreement.purity, 3),
        )
        for each in clusters.found
        if each.agreement is not None
    ]
    return Table(columns, rows)
