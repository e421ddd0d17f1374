"""The basket of eShop over gRPC, compiled from its own .proto file, with reflection."""

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import grpc
from grpc_reflection.v1alpha import reflection
from grpc_tools import protoc

from examples.strangers import until_told

PORT = 8204
MISSING, RACED, LOST, SLOW = 404, 409, 500, 504
"""Products that go wrong: not there; refused by a race; kept and answered with an error; never answered."""
_BEARER = "Bearer "


class Basket:
    """Baskets by their owner; like the shop's own service it takes a caller's word for who that is."""

    def __init__(self, messages: ModuleType, say: Callable[[str], None]) -> None:
        self._messages, self._say = messages, say
        self.baskets: dict[str, list[tuple[int, int]]] = {}
        self.calls: list[tuple[str, dict[str, str]]] = []
        """Methods that were called, with the metadata of each call."""
        self.slow: int | None = SLOW
        """Product with which no update is answered."""

    def GetBasket(self, _request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the .proto's name
        return self._answer(self._owner("GetBasket", context))

    def UpdateBasket(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - likewise
        owner = self._known("UpdateBasket", context)
        numbers = {item.product_id for item in request.items}
        if MISSING in numbers:
            context.abort(grpc.StatusCode.NOT_FOUND, f"There is no product {MISSING}.")
        if RACED in numbers:
            context.abort(grpc.StatusCode.ABORTED, "Another update came first.")
        self.baskets[owner] = [(item.product_id, item.quantity) for item in request.items]
        if LOST in numbers:
            context.abort(grpc.StatusCode.INTERNAL, "The basket was kept, but could not be read again.")
        while self.slow in numbers and context.is_active():
            time.sleep(0.01)
        return self._answer(owner)

    def DeleteBasket(self, _request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - likewise
        self.baskets.pop(self._known("DeleteBasket", context), None)
        return self._messages.DeleteBasketResponse()

    def _owner(self, method: str, context: grpc.ServicerContext) -> str:
        told = {str(name): str(value) for name, value in context.invocation_metadata()}
        owner = told.get("authorization", "").removeprefix(_BEARER)
        self.calls.append((method, told))
        self._say(f"{method} for {owner or 'nobody'}")
        return owner

    def _known(self, method: str, context: grpc.ServicerContext) -> str:
        owner = self._owner(method, context)
        if not owner:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "The caller is not authenticated.")
        return owner

    def _answer(self, owner: str) -> Any:
        kept = self.baskets.get(owner, [])
        items = [self._messages.BasketItem(product_id=number, quantity=count) for number, count in kept]
        return self._messages.CustomerBasketResponse(items=items)


def _silently(_line: str) -> None:
    """Say nothing."""


class Running(NamedTuple):
    """A server that listens."""

    url: str
    basket: Basket
    server: grpc.Server


@contextmanager
def serve(
    proto: Path,
    port: int = 0,
    *,
    reflects: bool = True,
    identity: tuple[bytes, bytes] | None = None,
    say: Callable[[str], None] = _silently,
) -> Iterator[Running]:
    """Serve what a .proto file with eShop's Basket declares, on loopback, until the block ends.

    Args:
        proto: the file.
        port: where it listens; any free one unless told.
        reflects: whether it tells its services itself.
        identity: key and certificate (PEM) with which it speaks TLS; it speaks plainly unless told.
        say: takes a line for each call.
    """
    messages, stubs = compiled(proto)
    basket = Basket(messages, say)
    server = grpc.server(futures.ThreadPoolExecutor(8))
    stubs.add_BasketServicer_to_server(basket, server)
    if reflects:
        names = [each.full_name for each in messages.DESCRIPTOR.services_by_name.values()]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
    place = f"127.0.0.1:{port}"
    if identity is None:
        bound = server.add_insecure_port(place)
    else:
        bound = server.add_secure_port(place, grpc.ssl_server_credentials([identity]))
    server.start()
    try:
        yield Running(f"http{'s' if identity else ''}://127.0.0.1:{bound}", basket, server)
    finally:
        server.stop(grace=0).wait()


def compiled(proto: Path) -> tuple[ModuleType, ModuleType]:
    """Return the modules of messages and of stubs that the compiler writes into a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="basket-") as folder:
        options = [f"-I{proto.parent}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
        if protoc.main(["protoc", *options, str(proto)]):
            raise SystemExit(f"{proto} cannot be compiled")
        sys.path.insert(0, folder)
        try:
            importlib.invalidate_caches()
            return tuple(importlib.import_module(f"{proto.stem}_{part}") for part in ("pb2", "pb2_grpc"))  # type: ignore[return-value]
        finally:
            sys.path.remove(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("proto", type=Path, help="the .proto file of eShop's basket")
    parser.add_argument("--port", type=int, default=PORT, help=f"where it listens (default {PORT})")
    options = parser.parse_args()
    with serve(options.proto, options.port, say=partial(print, flush=True)) as running:
        print(f"The basket listens on {running.url}, with reflection. Ctrl-C ends it.", flush=True)
        until_told()


if __name__ == "__main__":
    main()
