"""The verb serves cases until it is stopped, and then tells what was not as scripted."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
SHOP = ROOT / "examples" / "shop"
CASE = "late-order/the-money-goes-back"


@pytest.fixture
def served():
    """Start the verb and yield its process and its address."""
    command = [sys.executable, "-m", "evals", "serve-mock", str(SHOP), "--case", CASE, "--port", "0"]
    process = subprocess.Popen(
        [*command, "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    told = ""
    while True:
        told += process.stdout.readline()
        try:
            yield process, json.loads(told)["cases"][0]
            break
        except ValueError:
            continue
    process.kill()
    process.communicate()


@pytest.mark.acceptance
def test_the_planner_runs_against_a_served_case_as_it_does_in_memory(served, tmp_path):
    process, listed = served
    environment = {
        "PATH": os.defpath,
        "PLANNER_DATABASE_URL": f"sqlite:///{tmp_path / 'planner.db'}",
        "PLANNER_MODEL__GATE_ON": '["stated"]',
        **listed["environment"],
    }
    given = json.dumps({"order_id": "o-1001", "message": "Where is my kettle?"})
    command = [sys.executable, "-m", "api", "run", "late-order", "--project", str(SHOP), "--input", given]

    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    state = httpx.get(listed["state"]).json()
    assert (state["errors"], state["unused"]) == ([], [])
    process.send_signal(signal.SIGINT)
    assert (process.wait(10), process.stderr.read()) == (0, "")


@pytest.mark.acceptance
def test_what_was_not_asked_for_is_told_at_the_end(served):
    process, listed = served
    httpx.get(f"{listed['services']['orders']}/orders/o-1001")
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 1
    assert "decision point 'resolve': answer 1 of 1 was never asked for" in process.stderr.read()
