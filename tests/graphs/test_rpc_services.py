"""Whole runs over a gRPC server that is compiled from the .proto file of a real shop."""

import asyncio
import json
import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from api.cli import main
from examples.basket.serve import MISSING, SLOW, serve
from graphs import wiring
from graphs.intake import RunRequest, begin
from planner.effects import effects
from planner.project import load_catalog
from planner.settings import Settings
from planner.store import journal, runs
from planner.testing import free_port

pytestmark = [pytest.mark.real, pytest.mark.acceptance]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "basket"


@pytest.fixture
def proto(real):
    return real / "eshop" / "basket.proto"


@pytest.fixture(autouse=True)
def customer(monkeypatch):
    monkeypatch.setenv("BASKET_CUSTOMER", "ann")


@pytest.fixture
def project(tmp_path, proto, monkeypatch):
    """Return the example with the descriptor set that its server tells of itself."""
    folder = shutil.copytree(EXAMPLE, tmp_path / "basket", ignore=shutil.ignore_patterns("var"))
    with serve(proto) as running:
        monkeypatch.setenv("PLANNER_SERVICES", json.dumps({"basket": running.url}))
        assert main(["catalog", "import", "--project", str(folder)]) == 0
    monkeypatch.delenv("PLANNER_SERVICES")
    return folder


def settings(folder, address):
    return Settings(
        project=folder,
        database_url=f"sqlite:///{folder / 'planner.db'}",
        services={"basket": address},
        lease_seconds=5,
    )


async def ran(opened, **given):
    request = RunRequest(workflow="refill-basket", input=given)
    begun = await begin(request, opened.parts, opened.dispatcher, started_by="test")
    async with asyncio.timeout(20):
        while True:
            run = await opened.parts.database.read(runs.get, begun.run.id)
            if run.ended or run.status == "waiting":
                break
            await opened.dispatcher.signals.wait(run.id, 0.1)
    entries = await opened.parts.database.read(journal.entries, run.id)
    return run, [(each.path, each.state, each.code) for each in effects(entries)]


@pytest.fixture
def run(project):
    """Return what makes a run against an address, and tells how it ended and what it did."""

    def made(address, **given):
        async def main():
            async with wiring.open_services(settings(project, address)) as opened:
                return await ran(opened, **given)

        return asyncio.run(main())

    return made


def test_the_catalogue_holds_what_the_server_tells_of_itself(project):
    found = load_catalog(settings(project, "http://127.0.0.1:1"))
    assert sorted(found.operations) == ["basket.DeleteBasket", "basket.GetBasket", "basket.UpdateBasket"]
    assert not found.guessed()


def test_the_workflow_holds_under_two_faults(project):
    told = ["eval", "explore", "refill-basket", "--project", str(project), "--faults", "2"]
    assert main(told) == 0


def test_a_run_reads_and_updates_a_basket(run, proto):
    with serve(proto) as running:
        run(running.url, product_id=7, quantity=1)
        done, effects_ = run(running.url, product_id=8, quantity=2)
    assert done.status == "succeeded", done.error
    assert done.output == {"items": [{"productId": 7, "quantity": 1}, {"productId": 8, "quantity": 2}]}
    assert [state for _, state, _ in effects_] == ["applied"] * 3
    assert running.basket.baskets == {"ann": [(7, 1), (8, 2)]}


def test_a_product_that_is_not_there_is_refused_and_nothing_changes(run, proto):
    with serve(proto) as running:
        run(running.url, product_id=7, quantity=1)
        done, effects_ = run(running.url, product_id=MISSING, quantity=1)
    assert done.status == "undone"
    assert ("put", "rejected", "grpc_not_found") in effects_
    assert running.basket.baskets == {"ann": [(7, 1)]}


def test_a_service_that_is_not_there_ends_the_run_and_was_sent_nothing(run):
    done, effects_ = run(f"http://127.0.0.1:{free_port()}", product_id=7, quantity=1)
    assert done.status == "undone"
    assert {(state, code) for _, state, code in effects_} == {("not_sent", "connect")}


@asynccontextmanager
async def process(proto, port):
    """Run the server as a process of its own, which may die."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "examples.basket.serve",
        proto,
        "--port",
        str(port),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await started.stdout.readline()
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


def test_an_update_whose_server_dies_is_made_again_once_the_server_is_back(project, proto):
    port = free_port()

    async def main():
        async with wiring.open_services(settings(project, f"http://127.0.0.1:{port}")) as opened:
            async with process(proto, port) as dying:
                moving = asyncio.ensure_future(ran(opened, product_id=SLOW, quantity=1))
                while b"UpdateBasket" not in await dying.stdout.readline():
                    pass
                dying.kill()
                await dying.wait()
            with serve(proto, port) as running:
                # The second server would be as slow as the first one was.
                running.basket.slow = None
                return await moving, running

    (done, effects_), running = asyncio.run(main())
    assert done.status == "succeeded", done.error
    assert ("put", "applied", None) in effects_
    assert running.basket.baskets == {"ann": [(SLOW, 1)]}
