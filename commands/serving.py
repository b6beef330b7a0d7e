"""`spkret serve`: a store in the browser, and for programs."""

from pathlib import Path

import click

from .base import Command, device_option, log_option, model_option, store_option

_NEEDED = {
    "fastapi": "FastAPI",
    "uvicorn": "Uvicorn",
    "python_multipart": "python-multipart",
    "prometheus_client": "prometheus-client",
    "matplotlib": "Matplotlib",
    "plotly": "Plotly",
}


@click.command(
    "serve",
    cls=Command,
    examples={
        "spkret serve": "then open http://127.0.0.1:8765/",
        "spkret serve --store ./calls --port 0 --open-browser": "any free port",
        "SPKRET_TOKEN=$(openssl rand -hex 16) spkret serve --host 0.0.0.0": "for other computers",
    },
    see_also=["query", "sql", "docs/serving.md"],
)
@store_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="The port to listen on; 0 picks one that is free.",
)
@click.option(
    "--token",
    envvar="SPKRET_TOKEN",
    show_envvar=True,
    help="What clients must show. Needed where others than this computer can connect.",
)
@click.option(
    "--max-upload",
    "max_upload_mb",
    type=click.IntRange(1, 4096),
    default=64,
    show_default=True,
    metavar="MB",
    help="The largest audio file that may be uploaded.",
)
@click.option("--open-browser", is_flag=True, help="Open the page once it is there.")
@log_option
@model_option
@device_option
def serve(
    store_path: Path | str,
    host: str,
    port: int,
    token: str | None,
    max_upload_mb: int,
    open_browser: bool,
    log: bool,
    model: str | None,
    device: str,
) -> None:
    """Serve a store: a page to search, listen and look in, and a REST interface with OpenAPI.

    The encoder is loaded once; recordings that are uploaded together are embedded together.
    Ctrl-C ends it and deletes the uploads.
    """
    from ..indexer.optional import required

    for module, package in _NEEDED.items():
        required(module, "spkret serve", package, "web")
    from .. import api
    from ..web import running
    from ..web.settings import GIBIBYTE, MEBIBYTE, Settings

    settings = Settings(
        *(host, port, token, max_upload_mb * MEBIBYTE),
        most_upload_bytes=max(GIBIBYTE, max_upload_mb * MEBIBYTE),
        log=log,
        model=model,
        device=device,
    )
    running.serve(api.opened(store_path), settings, lambda url: _announce(url, open_browser))


def _announce(url: str, open_browser: bool) -> None:
    click.echo(f"spkret is at {url} (Ctrl-C ends it)")
    if open_browser:
        click.launch(url)
