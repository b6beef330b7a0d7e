import json
from dataclasses import asdict

from quality_parts import markdown
from quality_parts.results import (
    Ablation,
    Comparison,
    EncoderResult,
    OpenFigures,
    Part,
    ProtocolResult,
    Reliability,
    Results,
    Share,
    SizeFigures,
    SystemFigures,
    Target,
)


def results() -> Results:
    part = Part(200, 49.6, {"cosine": Share(0.5, (0.4, 0.6)), "reranker": Share(0.7, (0.6, 0.8))})
    opened = OpenFigures(200, {"cosine": 0.8, "none": 0.951}, 0.012, 0.09)
    protocol = ProtocolResult(
        records=200,
        systems={
            "cosine": SystemFigures(0.5, (0.4, 0.6), 0.61, 0.1, 0.7),
            "reranker": SystemFigures(0.7, (0.6, 0.8), 0.75, 0.05, 0.5),
        },
        comparisons={"cosine": Comparison(0.2, (0.1, 0.3), True, 0.4)},
        targets=[Target("fewer errors than cosine by", 0.3, 0.4, True), Target("b", 0.1, 0, False)],
        cells={"a/en": part},
        noise_pairs={"clean->clean": part},
        languages={"en": part},
        reliability=Reliability(10_200, 0.02, 0.1, 0.3, 0.25),
        opened=opened,
        sizes={10: SizeFigures(part, opened)},
    )
    ablations = {"standard": {"pitch": Ablation(60, 0.68, Share(0.02, (-0.01, 0.05)))}}
    encoder = EncoderResult("m", "f", 64, "r", True, {"standard": protocol}, ablations)
    return Results("0.1.0", "test", 0, {}, {"tiny": encoder})


def test_every_table_is_written() -> None:
    lines = markdown.document(results()).splitlines()
    assert "| `tiny`, cosine | 50.0 % (40.0 to 60.0) | 0.610 | 10.0 % | 0.700" in "\n".join(lines)
    assert any(line.endswith("| +20.0 (+10.0 to +30.0) | 40.0 % |") for line in lines)
    assert "| `tiny`, fewer errors than cosine by | 30.0 % | 40.0 % | pass |" in lines
    assert "| `tiny`, b | 10.0 % | 0.0 % | **miss** |" in lines
    assert "| `tiny` | 10,200 | 0.020 | 0.100 | 0.300 | 0.250 |" in lines
    assert "| clean->clean | 200 | 50 | 50.0 % | 70.0 % (60.0 to 80.0) |" in lines
    assert "| pitch | 60 | 68.0 % | +2.0 (-1.0 to +5.0) |" in lines
    sized = "| `tiny`, 10 | 200 | 50.0 % |  |  | 70.0 % | 0.800 |  |  | 0.951 | 0.012 | 0.090 |"
    assert sized in lines


def test_rows_are_as_long_as_their_header() -> None:
    for block in markdown.document(results()).split("\n\n"):
        widths = {line.count("|") for line in block.strip().splitlines()}
        assert len(widths) == 1


def test_results_are_json() -> None:
    document = json.loads(json.dumps(asdict(results())))
    assert document["encoders"]["tiny"]["protocols"]["standard"]["reliability"]["trials"] == 10_200
