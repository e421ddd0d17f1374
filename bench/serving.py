"""Serving: the planner's server and a bare FastAPI echo, each in a process, and a client's load on them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from bench import workloads
from planner.definition import Workflow
from planner.testing import free_port

READY_SECONDS = 30.0
CATALOG = """
services:
  bench:
    max_concurrency: 1000
    python: {nothing: "bench.workloads:nothing"}
    operations: {nothing: {effect: read}}
"""


class Echo(BaseModel):
    """What the echo takes and gives."""

    workflow: str
    input: dict[str, Any]


def echo() -> FastAPI:
    """Return an application that answers with what it was sent."""
    app = FastAPI()

    @app.post("/echo")
    async def _echo(body: Echo) -> Echo:
        return body

    return app


def write_project(folder: Path, *known: Workflow) -> None:
    """Write a project with the operation that does nothing and these workflows."""
    (folder / "workflows").mkdir(parents=True, exist_ok=True)
    (folder / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    for workflow in known:
        text = json.dumps(workflow.model_dump(mode="json", exclude_defaults=True))
        (folder / "workflows" / f"{workflow.workflow}.json").write_text(text, encoding="utf-8")


@contextmanager
def planner(folder: Path, *known: Workflow) -> Iterator[str]:
    """Serve the planner with these workflows on SQLite and yield its address."""
    write_project(folder, *known)
    port = free_port()
    told = {"PROJECT": str(folder), "DATABASE_URL": f"sqlite:///{folder}/planner.db", "PORT": str(port)}
    with _process([sys.executable, "-m", "api", "serve"], port, {f"PLANNER_{k}": v for k, v in told.items()}):
        yield f"http://127.0.0.1:{port}/v1/runs"


@contextmanager
def echoing() -> Iterator[str]:
    """Serve the echo on the same kind of server and yield its address."""
    port = free_port()
    with _process([sys.executable, "-m", "bench.serving", str(port)], port, {}):
        yield f"http://127.0.0.1:{port}/echo"


def load(url: str, workflow: str, *, connections: int, seconds: float) -> dict[str, float]:
    """Return what a client in a process of its own measures."""
    body = json.dumps({"workflow": workflow, "input": workloads.INPUT})
    command = [sys.executable, "-m", "bench.load", url, body]
    options = ["--connections", str(connections), "--seconds", str(seconds)]
    done = subprocess.run([*command, *options], check=True, capture_output=True, timeout=60 + seconds)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def _process(command: list[str], port: int, more: dict[str, str]) -> Iterator[None]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PLANNER_")}  # noqa: TID251
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=plain | more, stdout=quiet, stderr=quiet)  # noqa: S603 - our own
    try:
        _wait_for(f"http://127.0.0.1:{port}/", process)
        yield
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing answers at {url}")


if __name__ == "__main__":
    uvicorn.run(echo(), port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
