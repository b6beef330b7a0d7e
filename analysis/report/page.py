"""The page: the numbers of a report, drawn and told, in one HTML file."""

from typing import TYPE_CHECKING, Any

from ...indexer.optional import required
from .content import NOTHING, Section
from .drawing import to_json
from .report import Report
from .sections_map import map_sections
from .sections_scores import score_sections
from .sections_store import store_sections

if TYPE_CHECKING:
    from jinja2 import Environment


def require_drawing() -> None:
    """Refuse to make a page where what draws it is not installed.

    Raises
    ------
    OptionalDependencyError
        Plotly or Jinja is not.
    """
    required("plotly", "spkret report", "plotly", "report")
    required("jinja2", "spkret report", "jinja2", "report")


def render(report: Report) -> str:
    """Write the page: HTML that loads nothing from anywhere else."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    template = _environment().get_template("report.html")
    return template.render(
        about=report.about,
        facts=_facts(report),
        remarks=report.standing_out,
        sections=sections(report),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own code
    )


def sections(report: Report) -> list[Section]:
    """List the sections of the page, in order."""
    return [
        *store_sections(report.inventory, report.failures, report.duplicates, report.compared),
        *score_sections(report),
        *map_sections(report.map, report.clusters),
    ]


def _facts(report: Report) -> dict[str, str]:
    """What stands large at the top of the page."""
    inventory = report.inventory
    counts = {
        "recordings": inventory.recordings,
        "speakers": inventory.speakers,
        "languages": len(inventory.languages),
    }
    facts = {name: f"{count:,}" for name, count in counts.items()}
    hours = {"hours": inventory.hours, "hours of speech": inventory.speech_hours}
    facts |= {name: f"{count:,.1f}" for name, count in hours.items()}
    facts["files that failed"] = f"{sum(reason.files for reason in report.failures):,}"
    return facts


def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("spkret.analysis.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _cell
    environment.filters["figure"] = _figure
    return environment


def _figure(figure: Any) -> Any:
    from markupsafe import Markup

    return Markup(to_json(figure))  # noqa: S704 - it has no markup left


def _cell(value: object) -> str:
    if value is None:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else str(value)
