"""A worker that is killed at any moment loses nothing, and no effect happens twice."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from examples.shop.processes import FREE, scripted_model, shop

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = ROOT / "examples" / "shop" / "demo-answers.yaml"
MOMENTS = 10

WORKER = """
import asyncio, json, sys
from graphs.intake import RunRequest, begin
from graphs.wiring import open_services
from planner import settings
from planner.store import runs

async def main(key, given):
    async with open_services(settings.load()) as opened:
        request = RunRequest(workflow="checkout", input=given)
        begun = await begin(request, opened.parts, opened.dispatcher, started_by="test", key=key)
        print("begun", flush=True)
        while True:
            run = await opened.parts.database.read(runs.get, begun.run.id)
            if run.ended or run.status == "waiting":
                print(json.dumps({"status": run.status, "error": run.error}), flush=True)
                return
            await opened.dispatcher.signals.wait(run.id, 0.2)

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The shop's services and the scripted model, each a process of its own."""
    folder = tmp_path_factory.mktemp("crashes")
    with shop(ports=FREE, state=folder) as addresses, scripted_model(ANSWERS) as model:
        yield folder, addresses, model


@contextmanager
def worker(world, key, given):
    """A worker process that runs one checkout; it is gone when the block ends."""
    folder, addresses, model = world
    environment = {
        **os.environ,  # noqa: TID251 - the child's own environment
        "PLANNER_PROJECT": "examples/shop",
        "PLANNER_DATABASE_URL": f"sqlite:///{folder}/{key}.db",
        "PLANNER_SERVICES": json.dumps(addresses),
        "PLANNER_LEASE_SECONDS": "0.6",
        "PLANNER_MODEL__BASE_URL": f"{model}/v1",
        "PLANNER_MODEL__NAME": "scripted-demo",
    }
    command = [sys.executable, "-c", WORKER, key, json.dumps(given)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def finished(process):
    out, _ = process.communicate(timeout=300)
    return json.loads(out.splitlines()[-1])


def effects(world, customer):
    """Count what the services themselves recorded for one customer's order."""
    _, addresses, _ = world
    records = [
        {"service": name, **record}
        for name, address in addresses.items()
        for record in httpx.get(f"{address}/admin/records").json()
    ]
    orders = {
        r["answer"]["id"]
        for r in records
        if r["operation"] == "createOrder" and r["arguments"]["customer"] == customer
    }
    of_run = [
        record
        for record in records
        if orders & {str(value) for value in _leaves([record["arguments"], record["answer"]])}
        or customer in json.dumps(record["arguments"])
    ]
    return Counter(record["operation"] for record in of_run)


def _leaves(value):
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


@pytest.mark.acceptance
@pytest.mark.timeout(900)
def test_a_worker_killed_at_random_moments_repeats_no_effect(world):
    """Ten kills at moments of their own; the services' records are the judge."""
    given = {"lines": [{"sku": "mug", "quantity": 1}, {"sku": "mug", "quantity": 2}]}
    began = time.monotonic()
    with worker(world, "whole", given | {"customer": "whole@example.com"}) as whole:
        whole.stdout.readline()
        begun_after = time.monotonic() - began
        assert finished(whole)["status"] == "succeeded"
    longest = time.monotonic() - began
    wanted = effects(world, "whole@example.com")
    chance = random.Random(20260105)  # noqa: S311 - moments, not secrets
    told = []
    for number in range(MOMENTS):
        mine = given | {"customer": f"c{number}@example.com"}
        moment = chance.uniform(begun_after * 0.8, longest)
        with worker(world, f"key-{number}", mine):
            time.sleep(moment)
        with worker(world, f"key-{number}", mine) as again:
            status = finished(again)["status"]
        told.append((number, round(moment, 3), status, effects(world, mine["customer"])))

    assert wanted == Counter(createOrder=1, reserve=2, charge=1, createShipment=1, confirmOrder=1, send=1)
    assert [row for row in told if row[2:] != ("succeeded", wanted)] == []
