"""A real moto_server, called by boto3 through a Python function, with a proxy that swallows answers."""

import asyncio
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from examples.aws import orders_table
from tools import catalog as catalogs
from tools.expressions import Template, condition
from tools.services import Services

pytestmark = [pytest.mark.real, pytest.mark.acceptance]

CATALOG = Path(__file__).resolve().parents[2] / "examples" / "aws" / "catalog.yaml"
ORDER = {"order_id": "o-1", "customer": "ann", "total": 12.5}


class Proxy:
    """A TCP proxy on loopback that hands requests on, and answers back unless told to withhold them."""

    def __init__(self, port):
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.withhold = threading.Event()
        self.withheld = threading.Event()

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(5)
        self._loop.close()

    def _run(self):
        self._loop.run_until_complete(self._serve())

    async def _serve(self):
        self._done, self._tasks = asyncio.Event(), set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._done.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _accept(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        with suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(self._there(reader, there_writer), self._back(there_reader, writer))
        for end in (writer, there_writer):
            end.close()

    async def _there(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)

    async def _back(self, reader, writer):
        while data := await reader.read(65536):
            if self.withhold.is_set():
                self.withheld.set()
            else:
                writer.write(data)


def wait_for_port(process, log):
    for _ in range(400):
        text = log.read_text()
        if "Running on http://127.0.0.1:" in text:
            return int(text.split("Running on http://127.0.0.1:")[1].split()[0])
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    log = tmp_path_factory.mktemp("moto") / "log.txt"
    with log.open("wb") as sink:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
    try:
        yield wait_for_port(process, log)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def proxy(moto, monkeypatch):
    with Proxy(moto) as proxy:
        for name, value in {
            "AWS_ENDPOINT_URL_DYNAMODB": proxy.url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            monkeypatch.setenv(name, value)
        orders_table.client.cache_clear()
        orders_table.create_table()
        yield proxy
        orders_table.client().close()
        orders_table.client.cache_clear()


def call(*calls):
    async def main():
        catalog = catalogs.load(CATALOG)
        async with Services(catalog, secret=lambda _: None) as services:
            return [
                await services.call(catalog.operation(f"orders_table.{name}"), arguments, timeout=timeout)
                for name, arguments, timeout in calls
            ]

    return asyncio.run(main())


def test_an_order_is_written_found_and_taken_out(proxy):
    key = {"order_id": "o-0"}
    put, found, again, gone, absent = call(
        ("put", {**ORDER, **key}, None),
        ("find", key, None),
        ("put", {**ORDER, **key}, None),
        ("delete", key, None),
        ("find", key, None),
    )
    assert (put.kind, put.output) == ("applied", {**ORDER, **key}), put.error
    assert found.output == {"found": True, "order": {**ORDER, **key}}
    assert (again.kind, again.code, again.status) == ("rejected", "ConditionalCheckFailedException", 400)
    assert gone.kind == "applied"
    assert absent.output == {"found": False, "order": None}


@pytest.mark.parametrize("patience", [timedelta(seconds=1), None], ids=["planner", "botocore"])
def test_a_write_whose_answer_is_lost_is_unknown_and_the_look_up_finds_it(proxy, patience):
    order = {**ORDER, "order_id": f"o-{patience}"}
    proxy.withhold.set()
    [lost] = call(("put", order, patience))
    proxy.withhold.clear()
    assert (lost.kind, lost.code) == ("unknown", "timeout"), lost.error
    assert proxy.withheld.is_set()

    reconcile = catalogs.load(CATALOG).operation("orders_table.put").reconcile
    arguments = Template(reconcile.with_).render({"input": order})
    [looked] = call(("find", arguments, None))
    seen = {"found": looked.output, "input": order}
    assert condition(reconcile.applied_when).evaluate(seen) is True
    assert Template(reconcile.output).render(seen) == order


def test_a_look_up_says_when_nothing_was_applied(proxy):
    arguments = {**ORDER, "order_id": "never"}
    [looked] = call(("find", {"order_id": "never"}, None))
    reconcile = catalogs.load(CATALOG).operation("orders_table.put").reconcile
    seen = {"found": looked.output, "input": arguments}
    assert condition(reconcile.applied_when).evaluate(seen) is False


def test_a_table_out_of_reach_is_not_sent(moto, monkeypatch, proxy):
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    orders_table.client.cache_clear()
    [outcome] = call(("put", ORDER, None))
    assert (outcome.kind, outcome.code) == ("not_sent", "connect"), outcome.error
