"""The server: a real process on a real socket."""

import gc
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api import server
from planner.errors import SettingsInvalid

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from api import server
from planner import settings
server.serve(settings.load(), ready=lambda url: print(url, flush=True))
print("closed in order", flush=True)
"""


@contextmanager
def serving(project, **more):
    """Run a server in a process of its own and yield it with its address."""
    environment = {
        "PATH": "",
        "PYTHONPATH": f"{ROOT}:{Path(__file__).parent}",
        "PLANNER_PROJECT": str(project),
        "PLANNER_DATABASE_URL": f"sqlite:///{project}/planner.db",
        "PLANNER_PORT": "0",
        **more,
    }
    command = [sys.executable, "-c", PROGRAM]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@pytest.mark.acceptance
def test_a_stream_that_broke_off_is_resumed_without_a_gap(project):
    with serving(project) as (_, url), httpx.Client(base_url=url, timeout=10) as http:
        run = http.post("/v1/runs", json={"workflow": "slow", "input": {"seconds": 0.5}}).json()
        path = f"/v1/runs/{run['id']}/events"

        with http.stream("GET", path) as stream:
            lines = stream.iter_lines()
            first = next(line for line in lines if line.startswith("id: "))
        with http.stream("GET", path, headers={"Last-Event-ID": first.removeprefix("id: ")}) as stream:
            rest = [line for line in stream.iter_lines() if line.startswith(("id: ", "event: "))]

    assert first == "id: 1"
    assert rest[0] == "id: 2"
    assert rest[-2:] == ["id: 4", "event: end"]


@pytest.mark.acceptance
def test_a_request_that_prefers_to_wait_returns_when_the_run_has_ended(project):
    with serving(project) as (_, url):
        began = time.monotonic()
        body = {"workflow": "slow", "input": {"seconds": 0.3}}
        answer = httpx.post(f"{url}/v1/runs", json=body, headers={"Prefer": "wait=20"}, timeout=30)
        took = time.monotonic() - began

    assert answer.json()["status"] == "succeeded"
    assert 0.3 <= took < 20
    assert "server" not in answer.headers


def read_on(url, begun):
    """Read a stream to its end, and tell when its first line has come."""
    with httpx.stream("GET", url, timeout=60) as stream:
        for _ in stream.iter_lines():
            begun.set()


@pytest.mark.acceptance
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_what_it_does_in_order(project, ending):
    with serving(project) as (process, url):
        run = httpx.post(f"{url}/v1/runs", json={"workflow": "slow", "input": {"seconds": 60.0}}).json()
        streaming = threading.Event()
        stream = threading.Thread(target=read_on, args=(f"{url}/v1/runs/{run['id']}/events", streaming))
        stream.start()
        assert streaming.wait(60)

        process.send_signal(ending)
        process.wait(60)
        stream.join(60)

        assert process.returncode == 0
        assert process.stdout.read() == "closed in order\n"
    with serving(project) as (_, url):
        again = httpx.get(f"{url}/v1/runs/{run['id']}").json()
        assert again["status"] in {"queued", "running"}


@pytest.mark.acceptance
def test_chunked_bodies_over_the_limit_are_cut_off_on_the_wire(project):
    with serving(project, PLANNER_BODY_LIMIT_BYTES="1000") as (_, url):
        chunks = (b" " * 500 for _ in range(100))
        answer = httpx.post(f"{url}/v1/runs", content=chunks, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413


def test_a_port_that_is_taken_is_a_clear_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsInvalid, match=f"127.0.0.1 port {port} cannot be bound.*PLANNER_PORT"):
            server.bind("127.0.0.1", port)


def test_an_address_of_another_machine_is_a_clear_error():
    with pytest.raises(SettingsInvalid, match="cannot be bound"):
        server.bind("192.0.2.1", 0)


def test_the_address_is_told_as_it_can_be_called():
    with server.bind("localhost", 0) as listening:
        assert server.address(listening).startswith("http://127.0.0.1:")


def test_the_address_of_version_six_stands_in_brackets():
    if not socket.has_ipv6:
        pytest.skip("this machine knows no IPv6")
    try:
        listening = server.bind("::1", 0)
    except SettingsInvalid:
        pytest.skip("this machine has no IPv6 loopback")
    with listening:
        assert json.dumps(server.address(listening)).startswith('"http://[::1]:')


def test_the_collector_looks_rarely_once_the_parts_are_open():
    before = gc.get_threshold()
    try:
        server.spare_collector()

        assert gc.get_threshold()[0] == server.COLLECT_AFTER
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
