"""The server: the application on a socket, until somebody ends it."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from api.app import create_app
from graphs import wiring
from planner.errors import SettingsInvalid
from planner.settings import Settings

GRACE_SECONDS = 5
"""Time that requests under way have to end once the server is told to stop."""
COLLECT_AFTER = 50_000
"""Objects that are made before the garbage collector looks; at Python's 700 it takes a third of the time."""
_BACKLOG = 2048
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Ready = Callable[[str], None]


def serve(settings: Settings, *, ready: Ready | None = None, dispatch: bool = True) -> None:
    """Serve until SIGINT or SIGTERM, then close everything; `ready` is told the address once it answers.

    Without `dispatch` it only takes runs in, and workers move them.

    Raises:
        SettingsInvalid: the address cannot be bound.
        PlannerError: a part cannot be opened, such as the database.
        CatalogInvalid: the catalogue has problems.
    """
    listening = bind(settings.host, settings.port)
    with listening:
        loop_factory = uvicorn.Config(_nothing, log_config=None).get_loop_factory()
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(_serve(settings, listening, ready, dispatch=dispatch))


def spare_collector() -> None:
    """Let the garbage collector look more rarely, and never at what this process holds from here on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 100)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address.

    Raises:
        SettingsInvalid: it is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host.strip("[]"), port))
        made.listen(_BACKLOG)
    except OSError as exc:
        made.close()
        raise SettingsInvalid(
            f"{host} port {port} cannot be bound: {exc.strerror or exc}; "
            "set PLANNER_PORT to another one, or 0 for any that is free"
        ) from exc
    return made


def address(listening: socket.socket) -> str:
    """Return the URL of a bound socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            self._ready()


async def _serve(
    settings: Settings, listening: socket.socket, ready: Ready | None, *, dispatch: bool
) -> None:
    async with wiring.open_services(settings, dispatch=dispatch) as opened:
        spare_collector()
        config = uvicorn.Config(
            create_app(settings, opened=opened),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = _Server(config, lambda: None if ready is None else ready(address(listening)))
        with _ending_quietly():
            await server.serve(sockets=[listening])


@contextmanager
def _ending_quietly() -> Iterator[None]:
    """Let a signal end the server and nothing else, so that what is open is closed in order.

    uvicorn sends itself the signal again once it has stopped; without this it would end the process there.
    """

    def noted(_signal: int, _frame: FrameType | None) -> None:
        """Take note; the server has stopped by now."""

    before = {each: signal.signal(each, noted) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


async def _nothing(*_connection: object) -> None:
    """Stand in for an application where only the event loop is asked for."""
