"""The verb that serves cases on a socket."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from evals import jobs, load, report, selection, terminal
from evals.errors import AddressTaken
from evals.mock import wire
from evals.mock.front import Front
from evals.mock.served import SERVICES
from evals.options import (
    CaseOption,
    ExpressionOption,
    JsonOption,
    PathsArgument,
    ProjectOption,
    TagOption,
)
from evals.selection import Selection

EXITS = (
    "Exit codes: 0 stopped, all that was asked was scripted; 1 something was asked that no case has, or left "
    "unasked; 2 wrong usage, file or address; 5 nothing to serve."
)
HOST, PORT = "127.0.0.1", 8300
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve_mock(
    paths: PathsArgument = None,
    *,
    expression: ExpressionOption = "",
    tag: TagOption = None,
    case: CaseOption = None,
    folder: ProjectOption = None,
    host: Annotated[str, typer.Option("--host", help="Address to bind")] = HOST,
    port: Annotated[int, typer.Option("--port", help="Port to bind; 0 takes a free one", min=0)] = PORT,
    as_json: JsonOption = False,
) -> None:
    """Serve the model and the services of cases over HTTP, until Ctrl-C."""
    with terminal.refusing(as_json=as_json):
        loaded = load.load(load.find(paths or [Path()]), folder=folder)
        wanted = selection.select(jobs.listed(loaded), Selection(expression, tag or (), case or ()))
        if not wanted:
            terminal.complain("no case was found, and nothing found is nothing to serve")
            raise typer.Exit(report.NOTHING)
        listening = bind(host, port)
    front = Front(wanted)
    with listening:
        asyncio.run(_serve(front, listening, as_json=as_json))
    trouble = list(front.trouble())
    for sentence in trouble:
        terminal.complain(sentence)
    raise typer.Exit(report.FAILED if trouble else report.PASSED)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address.

    Raises:
        AddressTaken: it cannot be bound.
    """
    try:
        return socket.create_server((host, port), backlog=100)
    except OSError as exc:
        raise AddressTaken(f"{host} port {port} cannot be bound: {exc.strerror or exc}; tell --port") from exc


def lines(listed: list[dict[str, Any]]) -> Iterator[str]:
    """Yield where every case is, as people read it."""
    for each in listed:
        yield each["case"]
        yield f"  state     {each['state']}"
        yield f"  model     {each['model'] or 'none'}"
        yield f"  services  {each['state']}/{SERVICES}/NAME for {', '.join(each['services'])}"


async def _serve(front: Front, listening: socket.socket, *, as_json: bool) -> None:
    ended = asyncio.Event()
    for each in _SIGNALS:
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(each, ended.set)
    async with wire.serving(listening, front.answer):
        host, port = listening.getsockname()[:2]
        origin = f"http://{host}:{port}"
        listed = front.listing(origin)
        if as_json:
            terminal.say(report.text({"address": origin, "cases": listed}))
        else:
            terminal.say("\n".join([*lines(listed), f"{origin} serves them; Ctrl-C stops it"]))
        await ended.wait()
