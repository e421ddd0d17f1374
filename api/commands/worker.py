"""Worker: a process that moves runs and serves nobody."""

import asyncio
import logging
import signal
from typing import Annotated

import typer
import uvicorn

from api.commands.options import DatabaseOption, ProjectOption, configured
from api.commands.output import Output
from api.server import spare_collector
from graphs import wiring
from planner.settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def worker(
    *,
    project: ProjectOption = None,
    database: DatabaseOption = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Runs moved at once [PLANNER_CONCURRENCY]")
    ] = None,
) -> None:
    """Move runs until SIGTERM or Ctrl-C; any number of workers may share a database."""
    root = logging.getLogger()
    root.setLevel(min(root.level, logging.WARNING))
    config = configured(project, database, concurrency=concurrency)
    loop_factory = uvicorn.Config("", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_work(config))


async def _work(config: Settings) -> None:
    """Move runs until a signal comes, then let each go on to its next safe point."""
    ending = asyncio.Event()
    for each in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(each, ending.set)
    async with wiring.open_services(config) as opened:
        spare_collector()
        Output().line(f"worker {opened.parts.worker} moves runs; Ctrl-C lets them go on elsewhere")
        await ending.wait()
