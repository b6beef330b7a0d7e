"""The page: whole for any store, nothing from other hosts, no text that becomes markup."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from builders import altered, copied, fitting_store, labelled_table

from spkret.analysis.projection import Projection
from spkret.analysis.report import report as report_module
from spkret.analysis.report.drawing import labels, to_json
from spkret.analysis.report.page import render, sections
from spkret.analysis.report.report import Report, make_report
from spkret.store.schema import EncoderIdentity
from spkret.store.store import Store

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\u2028"
LOADING = {"src", "href", "srcset", "poster", "data", "action", "xlink:href"}


class Page(HTMLParser):
    """Elements of a page with their attributes, and the JSON of its figures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.figures: dict[str, Any] = {}
        self._figure: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._figure = dict(attrs).get("data-figure")

    def handle_data(self, data: str) -> None:
        if self._figure is not None and data.strip():
            self.figures[self._figure] = json.loads(data)
            self._figure = None

    def ids(self) -> list[str]:
        return [id_ for _, attrs in self.elements if (id_ := attrs.get("id"))]


def reported(store: Store) -> Report:
    return make_report(store, projection=Projection.PCA)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A store with every part of a report, and hostile names in all places."""
    table = labelled_table(12, 5, spread=0.6, dimension=448)
    for row in range(5):
        table = altered(table, row, speaker=HOSTILE, path=f"{HOSTILE}{row}.wav", id=row + 1)
    table = copied(table, 7, f"{HOSTILE}copy.wav")
    store = fitting_store(tmp_path_factory.mktemp("full") / "store", table)
    failure = {"root": "/", "path": HOSTILE, "reason": HOSTILE, "detail": HOSTILE}
    store.failures.append(pa.Table.from_pylist([failure], store.failures.delta.schema))
    return reported(store)


@pytest.fixture(scope="module")
def html(full: Report) -> str:
    return render(full)


def test_every_part_is_there_and_every_chart_has_a_question(full: Report) -> None:
    made = sections(full)
    assert [section.id for section in made if section.missing] == []
    charts = [chart for section in made for chart in section.charts]
    assert len(charts) == len({chart.id for chart in charts}) == 19
    assert all(chart.title.endswith("?") and chart.reading.endswith(".") for chart in charts)


def test_no_other_host_is_named_by_anything_that_loads(html: str) -> None:
    page = Page(html)
    loaded = [v for _, attrs in page.elements for k, v in attrs.items() if k in LOADING]
    assert loaded
    assert all(value is not None and value.startswith("#") for value in loaded)
    assert not {"link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    own = html[: html.index("plotly.js v")] + html[html.rindex("</script>", 0, len(html) - 20) :]
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", own)
    policy = next(a for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none';")


def test_hostile_names_stay_text(html: str) -> None:
    page = Page(html)
    assert [tag for tag, _ in page.elements].count("img") == 0
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    assert "alert(1)</script>" not in html
    points = page.figures["chart-map"]["data"][0]["customdata"]
    assert [labels([HOSTILE])[0]] * 5 == [p[1] for p in points if "alert" in p[1]]
    assert page.figures["chart-failures"]["data"][0]["y"] == labels([HOSTILE])


def test_contents_lead_to_every_section(html: str) -> None:
    page = Page(html)
    ids = page.ids()
    assert len(ids) == len(set(ids))
    targets = {str(a["href"])[1:] for tag, a in page.elements if tag == "a" and "href" in a}
    of_sections = {str(a["id"]) for tag, a in page.elements if tag == "section"}
    assert targets == of_sections


def test_json_of_a_figure_has_no_markup_and_is_the_same() -> None:
    text = to_json({"name": HOSTILE})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": HOSTILE}


def test_a_report_is_one_json_document(full: Report) -> None:
    document = json.loads(json.dumps(full.to_dict(), default=str))
    assert document["inventory"]["recordings"] == 61
    assert set(document["matching"]["pairs"]) == {"cosine", "asnorm", "reranker", "qmf"}
    assert len(document["map"]["x"]) == 61


def unlabelled(table: pa.Table) -> pa.Table:
    return table.set_column(4, "speaker", pa.nulls(len(table), pa.string()))


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (unlabelled, {"speakers", "scores", "det", "top1", "reliability", "importance"}),
        (lambda table: table[:5], {"scores", "det", "top1", "reliability", "clusters"}),
        (lambda table: table[:1], {"scores", "det", "top1", "clusters"}),
        (lambda table: table[:6], {"reliability", "clusters"}),
    ],
    ids=["no labels", "one speaker", "one recording", "two speakers"],
)
def test_small_stores_give_a_page_that_says_what_to_do(
    table: pa.Table, make: Any, change: Any, missing: set[str]
) -> None:
    report = reported(make(change(table)))
    by_id = {section.id: section for section in sections(report)}
    assert missing <= {name for name, section in by_id.items() if section.missing}
    assert all(len(by_id[name].missing.split()) > 5 for name in missing)
    assert "</html>" in render(report)


def test_an_empty_store_gives_a_page(tmp_path: Path) -> None:
    report = reported(Store.create(tmp_path / "store", EncoderIdentity("toy", "toy-1", 16)))
    page = Page(render(report))
    assert page.figures == {}
    assert "AUDIO_DIR" in {s.id: s for s in sections(report)}["durations"].missing


def test_a_reranker_that_cannot_be_used_is_told_of(table: pa.Table, make: Any) -> None:
    store = make(table)
    store.reranker_path.mkdir()
    (store.reranker_path / "reranker.json").write_text("{}")
    report = reported(store)
    assert report.standing_out[0].text.startswith("the reranker cannot be used: ")
    assert report.matching is not None


def test_voices_of_a_large_store_are_compared_in_a_sample(
    table: pa.Table, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(copied(table, 7, "copy.wav"))
    assert reported(store).compared == 61
    monkeypatch.setattr(report_module, "MOST_COMPARED", 30)
    report = reported(store)
    assert report.compared == 30
    assert [each.kind for each in report.duplicates] == ["same_content"]
    assert any("30 of 61 recordings" in remark.text for remark in report.standing_out)
    by_id = {section.id: section for section in sections(report)}
    assert by_id["duplicates"].paragraphs[-1].startswith("31 recordings were compared by")
    assert report.inventory.recordings == 61
