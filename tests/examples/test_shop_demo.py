import asyncio
import importlib.util
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from examples.shop import demo
from examples.shop.demo import FAULT, GOAL, PROJECT, SCRIPT
from examples.shop.processes import ROOT, scripted_model, shop
from graphs.testing import Bench
from planner import documents, routing, settings
from planner.choosing import Where
from planner.clock import SystemClock
from planner.definition import Workflow
from planner.model.adapter import Model
from planner.settings import ModelSettings
from tools import catalog
from tools.services import Services

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ID = "01900000-0000-7000-8000-000000000001"


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in list(os.environ):  # noqa: TID251 - the environment is what is tested
        if name.startswith(("PLANNER_", "OPENAI_")):
            monkeypatch.delenv(name)
    return monkeypatch


def test_the_planner_gets_the_demo_s_settings_and_nobody_else_s(variables, tmp_path):
    variables.setenv("PLANNER_API_KEYS", "somebody-else-s-key")
    environment = demo._environment(tmp_path, {"orders": "http://127.0.0.1:9"}, "http://127.0.0.1:8")
    assert "PLANNER_API_KEYS" not in environment
    for name, value in environment.items():
        variables.setenv(name, value)
    found = settings.load()
    assert (found.project, found.services) == (PROJECT, {"orders": "http://127.0.0.1:9"})
    assert (found.model.name, found.model.base_url) == ("scripted-demo", "http://127.0.0.1:8/v1")
    assert "stated" in found.model.gate_on


def test_a_real_model_is_left_as_it_is_configured(variables, tmp_path):
    variables.setenv("OPENAI_API_KEY", "real")
    variables.setenv("PLANNER_MODEL", "mine")
    environment = demo._environment(tmp_path, {}, None)
    assert (environment["OPENAI_API_KEY"], environment["PLANNER_MODEL"]) == ("real", "mine")
    assert "OPENAI_BASE_URL" not in environment
    assert environment["PLANNER_MODEL__GATE_ON"] == demo.GATE_ON


def test_what_may_pass_a_threshold_is_left_as_it_is_configured(variables, tmp_path):
    variables.setenv("PLANNER_MODEL__GATE_ON", "agreement")
    assert demo._environment(tmp_path, {}, None)["PLANNER_MODEL__GATE_ON"] == "agreement"


@pytest.mark.acceptance
def test_the_goal_is_reached_over_real_processes_and_the_real_wire():
    async def reach(addresses: dict[str, str], base_url: str) -> tuple[Any, Bench]:
        config = ModelSettings(
            name="scripted-demo", base_url=base_url, api_key=SecretStr("scripted"), gate_on=("stated",)
        )
        operations = catalog.load(PROJECT / "catalog.yaml", base_urls=addresses)
        flows = _workflows()
        async with (
            Model(config, clock=SystemClock()) as model,
            Services(operations, secret=lambda _name: None) as services,
        ):
            routed = await routing.route(GOAL, list(flows.values()), model, Where(ID, ID), now=NOW)
            assert routed.workflow is not None
            filled = await routing.fill_input(GOAL, routed.workflow, None, model)
            assert filled.problems == []
            bench = Bench(routed.workflow, operations, services, model, filled.input, flows)  # type: ignore[arg-type] # a real caller
            return await bench.once(), bench

    with shop() as addresses, scripted_model(SCRIPT) as model:
        httpx.post(f"{addresses['payments']}/admin/faults", json=FAULT).raise_for_status()
        ended, bench = asyncio.run(reach(addresses, f"{model}/v1"))
        records = httpx.get(f"{addresses['payments']}/admin/records").json()
    assert (ended.status, ended.output["resolution"]) == ("succeeded", "refund")
    decided = [(each["path"], each["decided_by"], each["choice"]) for each in bench.decisions]
    assert decided == [("resolve", "model", "refund"), ("refund", "model", "reconcile")]
    assert [each["operation"] for each in records] == ["refund"]


@pytest.mark.acceptance
@pytest.mark.skipif(importlib.util.find_spec("api.__main__") is None, reason="the API cannot be started yet")
def test_the_demo_ends_well_and_tells_its_story(variables):
    done = subprocess.run(
        [sys.executable, "-m", "examples.shop.demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for part in ("late-order/resolve", "reconcile", "went out once", "/v1/runs/"):
        assert part in done.stdout


def _workflows() -> dict[str, Workflow]:
    files = Path(PROJECT / "workflows").glob("*.yaml")
    found = [documents.read(file.read_text(encoding="utf-8")).workflow for file in sorted(files)]
    return {flow.workflow: flow for flow in found if flow is not None}
