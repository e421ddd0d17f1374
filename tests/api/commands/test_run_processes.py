"""Tests of `planner run` as a process: killed, interrupted, and taken up again."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

pytestmark = pytest.mark.acceptance

START_SECONDS = 60


@contextmanager
def process(desk, *arguments):
    """Run a command as its own process, and end it in any case."""
    environment = os.environ | {"PLANNER_LEASE_SECONDS": "1"}  # noqa: TID251 - a child's own
    command = [
        sys.executable,
        "-m",
        "api",
        *arguments,
        "--project",
        str(desk.folder),
        "--database",
        desk.database,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def wait_until(condition):
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def slow(desk, seconds):
    return ("run", "slow", "--input", json.dumps({"file": str(desk.notes), "seconds": seconds}))


def only_run(desk):
    (run,) = desk("runs", "--json").data["items"]
    return run["id"]


def test_a_killed_run_goes_on_without_repeating_what_was_written(desk):
    with process(desk, *slow(desk, 30)) as started:
        wait_until(lambda: desk.lines == ["first"] and "first: desk.note went through" in _story(desk))
        started.send_signal(signal.SIGKILL)
        started.wait()
    shorten(desk)

    said = desk("resume", only_run(desk))

    assert said.code == 0
    assert "first: desk.note went through" in said.out
    assert desk.lines == ["first", "second"]


def test_ctrl_c_leaves_the_run_resumable_and_says_so(desk):
    with process(desk, *slow(desk, 2)) as started:
        wait_until(lambda: "first: desk.note went through" in _story(desk))
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=START_SECONDS)
    run = only_run(desk)

    assert started.returncode == 130
    assert f"planner resume {run}" in err
    assert "Traceback" not in err
    assert "the run began: slow" in out
    assert desk("resume", run).code == 0
    assert desk.lines == ["first", "second"]


def test_ctrl_c_leaves_a_resumed_run_resumable_too(desk):
    run = desk(*slow(desk, 2), "--no-wait", "--json").data["run"]["id"]
    with process(desk, "resume", run) as started:
        wait_until(lambda: "first: desk.note went through" in _story(desk))
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=START_SECONDS)

    assert started.returncode == 130
    assert f"planner resume {run}" in err
    assert desk("resume", run).code == 0
    assert desk.lines == ["first", "second"]


def test_a_write_that_was_under_way_when_the_process_died_is_not_repeated(desk):
    text = """
workflow: careful
input: {type: object}
steps:
  write: {call: desk.linger, with: {file: "${input.file}", line: only, seconds: "${input.seconds}"}}
"""
    desk.write("workflows/careful.yaml", text)
    given = json.dumps({"file": str(desk.notes), "seconds": 30.0})
    with process(desk, "run", "careful", "--input", given) as started:
        wait_until(lambda: desk.lines == ["only"])
        started.send_signal(signal.SIGKILL)
        started.wait()

    said = desk("resume", only_run(desk))

    assert said.code == 4
    assert "because desk.linger was unknown" in said.out
    assert "excluded retry" in said.out or "offered retry" not in said.out
    assert desk.lines == ["only"]


def _story(desk):
    if not (desk.folder / "runs.db").exists():
        return ""
    items = desk("runs", "--json")
    runs = items.data["items"] if items.code == 0 else []
    return desk("explain", runs[0]["id"]).out if runs else ""


def shorten(desk):
    """Let the nap be short from now on, so that the rest of the test is quick."""
    module = sys.modules.get(desk.module)
    file = desk.folder / f"{desk.module}.py"
    text = file.read_text(encoding="utf-8").replace("time.sleep(seconds)", "time.sleep(0.01)")
    assert module is None
    file.write_text(text, encoding="utf-8")
