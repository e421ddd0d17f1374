"""One service of the shop as a process: `python -m examples.shop.service orders --port 8101`."""

import argparse
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from examples.shop.services import inventory, notifications, ops, orders, payments, shipping
from examples.shop.services.ledger import Ledger
from examples.shop.services.web import create

SERVICES = {
    module.SERVICE.name: module.SERVICE
    for module in (orders, inventory, payments, shipping, notifications, ops)
}

PORTS = {name: 8101 + index for index, name in enumerate(SERVICES)}
"""The ports that the catalogue names."""

HOST = "127.0.0.1"


class Announcing(uvicorn.Server):
    """A server that says on standard output where it listens, since port 0 means any free one."""

    def __init__(self, app: FastAPI, name: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app, host=HOST, port=port, log_level="warning", timeout_graceful_shutdown=1, access_log=False
            )
        )
        self._name = name

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for server in getattr(self, "servers", []):
            port = server.sockets[0].getsockname()[1]
            print(f"{self._name} listens on http://{HOST}:{port}", flush=True)


def serve(app: FastAPI, name: str, port: int, *, with_parent: bool) -> None:
    """Serve until told to stop; `with_parent` also stops when standard input closes."""
    server = Announcing(app, name, port)
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    server.run()


def _stop_with_parent(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.shop.service", description=__doc__)
    parser.add_argument("name", choices=list(SERVICES), help="which service")
    parser.add_argument("--port", type=int, help="port on 127.0.0.1; 0 takes any free one")
    parser.add_argument(
        "--state", type=Path, help="SQLite file that keeps the state; in memory when left out"
    )
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    given = parser.parse_args(arguments)
    app = create(SERVICES[given.name], Ledger(given.state, seed=SERVICES[given.name].seed))
    port = PORTS[given.name] if given.port is None else given.port
    serve(app, given.name, port, with_parent=given.with_parent)


if __name__ == "__main__":
    main()
