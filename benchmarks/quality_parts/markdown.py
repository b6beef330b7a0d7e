"""Results as markdown tables."""

from collections.abc import Iterable, Mapping, Sequence

from .results import EncoderResult, OpenFigures, Part, ProtocolResult, Results, Share

TITLES = {
    "standard": "files as they are",
    "conditions": "every file in its own random condition",
}
NAMES = {
    "cosine": "cosine",
    "centred": "centred cosine",
    "asnorm": "AS-norm",
    "plda": "PLDA",
    "qmf": "linear QMF",
    "reranker": "reranker",
    "none": "probability of none",
}


def document(results: Results) -> str:
    """Write all tables."""
    blocks = [f"# Quality on the speakers of `{results.split}`, spkret {results.spkret}"]
    for protocol in _protocols(results):
        chosen = {n: e.protocols[protocol] for n, e in results.encoders.items()}
        blocks += _protocol(TITLES.get(protocol, protocol), chosen)
    for name, encoder in results.encoders.items():
        blocks += _ablations(name, encoder)
    return "\n\n".join(blocks) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write one table; the first column is text, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(value: float) -> str:
    """Write a share."""
    return f"{100 * value:.1f} %"


def with_interval(share: Share) -> str:
    """Write a share with its interval."""
    return f"{percent(share.top1)} ({100 * share.ci[0]:.1f} to {100 * share.ci[1]:.1f})"


def points(share: Share) -> str:
    """Write a difference of shares with its interval, in points."""
    low, high = share.ci
    return f"{100 * share.top1:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _protocols(results: Results) -> list[str]:
    return list(dict.fromkeys(p for e in results.encoders.values() for p in e.protocols))


def _protocol(title: str, chosen: Mapping[str, ProtocolResult]) -> list[str]:
    blocks = [
        f"## All systems, {title}",
        _systems(chosen),
        f"### Targets, {title}",
        _targets(chosen),
        f"### Calibration, {title}",
        _reliability(chosen),
        f"### Closed and open groups by size, {title}",
        _sizes(chosen),
    ]
    for name, result in chosen.items():
        for what, parts in (
            ("source and language", result.cells),
            ("noise of anchor and match", result.noise_pairs),
            ("language", result.languages),
        ):
            blocks += [f"### `{name}` by {what}, {title}", _parts(what, parts)]
    return blocks


def _systems(chosen: Mapping[str, ProtocolResult]) -> str:
    rows = []
    for encoder, result in chosen.items():
        for name, found in result.systems.items():
            against = result.comparisons.get(name)
            row = [f"`{encoder}`, {NAMES[name]}", with_interval(Share(found.top1, found.ci))]
            row += [f"{found.mrr:.3f}", percent(found.eer), f"{found.min_dcf:.3f}"]
            if against is None:
                rows.append([*row, "", ""])
                continue
            fewer = against.fewer_errors
            gain = points(Share(against.top1, against.ci))
            rows.append([*row, gain, "" if fewer is None else percent(fewer)])
    header = ["encoder, system", "top-1", "MRR", "EER", "minDCF", "reranker above it, points"]
    return table([*header, "its errors avoided"], rows)


def _targets(chosen: Mapping[str, ProtocolResult]) -> str:
    rows = []
    for encoder, result in chosen.items():
        for target in result.targets:
            verdict = "pass" if target.met else "**miss**"
            figures = map(percent, (target.asked, target.found))
            rows.append([f"`{encoder}`, {target.what}", *figures, verdict])
    return table(["encoder, target", "asked", "found", "verdict"], rows)


def _reliability(chosen: Mapping[str, ProtocolResult]) -> str:
    rows = []
    for encoder, result in chosen.items():
        found = result.reliability
        decimals = (found.ece, found.brier, found.cllr, found.min_cllr)
        rows.append([f"`{encoder}`", f"{found.trials:,}", *(f"{value:.3f}" for value in decimals)])
    header = ["encoder", "trials", "ECE", "Brier", "Cllr of pairs, bits", "least Cllr, bits"]
    return table(header, rows)


def _sizes(chosen: Mapping[str, ProtocolResult]) -> str:
    rows = []
    for encoder, result in chosen.items():
        rows.append([f"`{encoder}`, all cells", "", *[""] * 4, *_open(result.opened)])
        for size, found in result.sizes.items():
            top1 = [
                percent(found.closed.systems[name].top1) if name in found.closed.systems else ""
                for name in ("cosine", "asnorm", "qmf", "reranker")
            ]
            records = f"{found.closed.records:,}"
            rows.append([f"`{encoder}`, {size}", records, *top1, *_open(found.opened)])
    header = ["encoder, group size", "records", "cosine", "AS-norm", "linear QMF", "reranker"]
    area = ["ROC area by cosine", "by AS-norm", "by QMF", "by probability of none"]
    return table([*header, *area, "ECE", "Brier"], rows)


def _open(found: OpenFigures) -> list[str]:
    areas = (found.roc_area.get(name) for name in ("cosine", "asnorm", "qmf", "none"))
    shown = ["" if area is None else f"{area:.3f}" for area in areas]
    return [*shown, f"{found.ece:.3f}", f"{found.brier:.3f}"]


def _parts(what: str, parts: Mapping[str, Part]) -> str:
    systems = list(next(iter(parts.values())).systems)
    rows = [
        [key, f"{part.records:,}", f"{part.candidates:.0f}"]
        + [percent(part.systems[name].top1) for name in systems[:-1]]
        + [with_interval(part.systems[systems[-1]])]
        for key, part in parts.items()
    ]
    return table([what, "records", "candidates", *(NAMES[name] for name in systems)], rows)


def _ablations(name: str, encoder: EncoderResult) -> list[str]:
    blocks = []
    for protocol, found in encoder.ablations.items():
        rows = [
            [left_out, str(one.features), percent(one.top1), points(one.loss)]
            for left_out, one in found.items()
        ]
        title = TITLES.get(protocol, protocol)
        header = ["left out", "features left", "top-1", "lost to all features, points"]
        blocks += [f"### `{name}` without some features, {title}", table(header, rows)]
    return blocks
