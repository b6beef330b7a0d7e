"""The sections on the map and the clusters."""

from ..projection import LARGEST_SHARE
from . import figures_map as figures
from .clusters import Clustering, Clusters
from .content import Chart, Section, Table, share
from .map import EmbeddingMap

_METHODS = {
    "pca": "PCA: the two directions of most variance",
    "tsne": "t-SNE: neighbours stay together, distances across the map mean little",
}

_SAMPLED = (
    "speakers drawn at random with all they have; the last is cut, and whoever would fill more than"
    f" {LARGEST_SHARE:.0%} is thinned at random, as far as others fill the rest"
)


def map_sections(laid: EmbeddingMap | None, clusters: Clusters | None) -> list[Section]:
    """List the sections, in order."""
    return [_map(laid), _clusters(clusters)]


def _map(laid: EmbeddingMap | None) -> Section:
    title = "Map of the embeddings"
    if laid is None:
        text = "There are no recordings: index a folder of audio: spkret index AUDIO_DIR."
        return Section("map", title, missing=text)
    drawn = len(laid.x)
    text = f"All {drawn:,} recordings."
    if drawn < laid.of:
        text = (
            f"{drawn:,} recordings of {laid.of:,}: {_SAMPLED}. The option --points N shows more or"
            " fewer."
        )
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
    told = [_sample(clusters), *map(_told, clusters.found), _threshold(clusters)]
    if not clusters.speakers:
        told.append("There are no labels to compare the clusters with.")
        return Section("clusters", title, told)
    chart = Chart(
        "chart-clusters",
        "Do clusters agree with the speakers?",
        "Adjusted mutual information and the adjusted Rand index are 1 where clusters are the"
        " speakers, 0 where they agree as chance would; a single recording counts as a cluster of"
        " its own. Purity is 1 where no cluster of two or more mixes speakers, even if it splits"
        " them: read it beside the share that is single.",
        figures.agreement(clusters),
        _table(clusters),
    )
    return Section("clusters", title, told, (chart,))


def _sample(clusters: Clusters) -> str:
    many = f"{clusters.recordings:,} of {clusters.of:,} recordings"
    some = f": {_SAMPLED}" if clusters.recordings < clusters.of else ""
    of = f" of {clusters.speakers:,} speakers" if clusters.speakers else ""
    return f"Clustered by their embeddings: {many}{of}{some}."


def _threshold(clusters: Clusters) -> str:
    if clusters.threshold is None:
        return "Agglomerative clustering needs labelled pairs to know where to stop."
    return (
        f"HDBSCAN looks at no labels. Agglomerative clustering merges while the mean cosine of two"
        f" clusters is above {clusters.threshold:.3f}, the threshold of equal errors above, which"
        f" comes from the labels of this store: expect less of it on another."
    )


def _told(found: Clustering) -> str:
    method = figures.METHODS[found.method]
    return (
        f"{method[0].upper()}{method[1:]} found {found.clusters:,} clusters of two recordings or"
        f" more and left {found.single:,} single ({share(found.single_share)})."
    )


def _table(clusters: Clusters) -> Table:
    columns = (
        *("method", "clusters", "single recordings", "share", "speakers"),
        *("adjusted mutual information", "adjusted Rand index", "purity of clusters"),
    )
    rows = [
        (
            figures.METHODS[each.method],
            *(each.clusters, each.single, share(each.single_share), clusters.speakers),
            round(each.agreement.adjusted_mutual_info, 3),
            round(each.agreement.adjusted_rand, 3),
            None if each.agreement.purity is None else round(each.agreement.purity, 3),
        )
        for each in clusters.found
        if each.agreement is not None
    ]
    return Table(columns, rows)
