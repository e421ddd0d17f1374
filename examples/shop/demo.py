"""The demo: `python -m examples.shop.demo [--keep]`.

Real services, a goal, a workflow that runs over them, a refund that goes unanswered half-way, a recovery
chosen from a safe menu, and a log that explains every choice.
"""

import argparse
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
from rich.console import Console

from examples.shop import report
from examples.shop.processes import Process, model_process, shop
from examples.shop.report import Told
from planner import settings

PROJECT = Path(__file__).parent
SCRIPT = PROJECT / "demo-answers.yaml"
GOAL = "Customer of order o-1001 complains that it is late: settle it"
FAULT = {"operation": "refund", "kind": "timeout_after", "times": 1}
GATE_ON = "stated,probabilities,logprobs,agreement"
"""The shop's thresholds are made for what a model says of itself, which passes none unless told so."""
ENDED = {"succeeded", "failed", "undone", "cancelled"}
WAIT_SECONDS = 15
NARROWEST = 110

Json = dict[str, Any]


class Stage(NamedTuple):
    """Everything that runs."""

    services: Mapping[str, str]
    """Addresses by name."""
    model: str | None
    """Address of the scripted endpoint; None where a real model is configured."""
    api: str
    """Address of the planner."""


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Run the services, the model's stand-in and the planner, each as its own process."""
    with ExitStack() as stack:
        real = settings.load().model.configured
        scripted = None if real else stack.enter_context(model_process(SCRIPT, folder=folder))
        services = stack.enter_context(shop(state=folder / "services"))
        model = scripted.address() if scripted else None
        yield Stage(services, model, stack.enter_context(_planner(folder, services, model)))


@contextmanager
def _planner(folder: Path, services: Mapping[str, str], model: str | None) -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = _environment(folder, services, model) | {"PLANNER_PORT": str(port)}
    with Process("planner", ["api", "serve"], log=folder / "planner.log", environment=environment) as process:
        process.wait_until(lambda: _answers(f"{url}/readyz"))
        yield url


def _environment(folder: Path, services: Mapping[str, str], model: str | None) -> dict[str, str]:
    """Return our own environment with the demo's settings in place of the planner's."""
    own = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - a child begins with its parent's environment
        if not name.startswith(settings.PREFIX) or name.startswith("PLANNER_MODEL")
    }
    own |= {
        "PLANNER_PROJECT": str(PROJECT),
        "PLANNER_DATABASE_URL": f"sqlite:///{folder / 'planner.db'}",
        "PLANNER_SERVICES": orjson.dumps(dict(services)).decode(),
    }
    own.setdefault("PLANNER_MODEL__GATE_ON", GATE_ON)
    if model is not None:
        own |= {
            "PLANNER_MODEL": "scripted-demo",
            "OPENAI_BASE_URL": f"{model}/v1",
            "OPENAI_API_KEY": "scripted",
        }
    return own


def play(at: Stage) -> Told:
    """Have the refund go unanswered, ask the planner for the goal, and return what it tells."""
    payments = at.services["payments"]
    httpx.post(f"{payments}/admin/faults", json=FAULT).raise_for_status()
    with httpx.Client(base_url=at.api, timeout=2 * WAIT_SECONDS) as api:
        run = _run(api, GOAL)
        of_run = f"/v1/runs/{run['id']}"
        return Told(
            run=run,
            timeline=_items(api, f"{of_run}/timeline"),
            decisions=_items(api, f"{of_run}/decisions"),
            graph=_graph(api, run),
            records={name: httpx.get(f"{url}/admin/records").json() for name, url in at.services.items()},
        )


def _run(api: httpx.Client, goal: str) -> Json:
    answer = api.post("/v1/runs", json={"goal": goal}, headers={"Prefer": f"wait={WAIT_SECONDS}"})
    run: Json = answer.raise_for_status().json()
    deadline = time.monotonic() + WAIT_SECONDS
    while run["status"] not in {*ENDED, "waiting"} and time.monotonic() < deadline:
        time.sleep(0.1)
        run = api.get(f"/v1/runs/{run['id']}").raise_for_status().json()
    return run


def _items(api: httpx.Client, path: str) -> list[Json]:
    found: list[Json] = api.get(path).raise_for_status().json()["items"]
    return found


def _graph(api: httpx.Client, run: Json) -> str:
    query = {"run": run["id"], "format": "mermaid"}
    return api.get(f"/v1/workflows/{run['workflow']['name']}/graph", params=query).raise_for_status().text


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def show(console: Console, *, keep: bool) -> int:
    """Play the demo and return its exit code: 0 when the goal was reached and no effect happened twice."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder, stage(Path(folder)) as at:
        report.started(console, at.services, model=at.model, api=at.api)
        report.plan(console, GOAL, "payments.refund applies the next refund, but never answers")
        told = play(at)
        report.tell(console, told)
        report.farewell(console, at.api, str(told.run["id"]), keep=keep)
        if keep:
            _stay()
    return 0 if told.run["status"] == "succeeded" and not told.doubled else 1


def _stay() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.shop.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep everything up until Ctrl-C")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, NARROWEST))
    sys.exit(show(console, keep=given.keep))


if __name__ == "__main__":
    main()
