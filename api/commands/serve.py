"""Serve: the HTTP API."""

import logging
from typing import Annotated

import typer

from api import server
from api.commands.options import DatabaseOption, ProjectOption, configured
from api.commands.output import Output


def serve(
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to bind; any but loopback needs keys [PLANNER_HOST]")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to bind; 0 takes a free one [PLANNER_PORT]")
    ] = None,
    no_dispatch: Annotated[
        bool, typer.Option("--no-dispatch", help="Only take runs in, and leave moving them to workers")
    ] = False,
) -> None:
    """Serve the HTTP API, and unless told otherwise move runs, until Ctrl-C."""
    root = logging.getLogger()
    root.setLevel(min(root.level, logging.WARNING))
    config = configured(project, database, host=host, port=port)
    server.serve(config, ready=_tell, dispatch=not no_dispatch)


def _tell(address: str) -> None:
    Output().line(f"planner serves {address}, its API is described at {address}/docs; Ctrl-C stops it")
