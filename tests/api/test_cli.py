"""Tests of the command line as a whole: its documentation, its exit codes, its processes."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from api import cli
from api.commands import exits

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SHARED = {"--help", "--project", "--database", "--json"}
START_SECONDS = 60


def commands():
    group = cli.program()
    return {name: found.real() for name, found in group.commands.items() if name != "eval"}


def sections():
    parts = re.split(r"^### `planner ([a-z]+)([^`]*)`$", DOCS, flags=re.MULTILINE)
    return {
        name: (rest, text) for name, rest, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    }


def test_every_command_is_documented_and_no_other():
    assert set(sections()) == set(commands())


@pytest.mark.parametrize("name", sorted(sections()))
def test_every_option_of_a_command_is_documented_and_no_other(name):
    options = {each for param in commands()[name].params for each in param.opts if each.startswith("-")}
    usage, text = sections()[name]
    text = text.split("\n## ")[0]

    assert set(re.findall(r"`(--?[a-z][a-z-]*)", text)) - SHARED == options - SHARED
    assert ("--json" in options) is ("--json" in text)
    assert bool(usage.strip()) is any(
        param.param_type_name == "argument" for param in commands()[name].params
    )


def test_every_exit_code_is_documented():
    told = dict(re.findall(r"^\| (\d+) \| `([A-Z]+)`", DOCS, flags=re.MULTILINE))

    assert told == {str(code): name for name, code in vars(exits).items() if name.isupper()}


def test_every_command_has_the_same_help_in_the_list_and_its_own_first_word():
    for name, command in commands().items():
        assert command.help, name
        assert cli.program().commands[name].help


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["version"], 0),
        (["--help"], 0),
        ([], 2),
        (["no-such-command"], 2),
        (["version", "--no-such-option"], 2),
    ],
)
def test_the_exit_code_of_the_command_line_itself(arguments, code):
    assert cli.main(arguments) == code


def test_a_mistyped_command_is_corrected(capsys):
    cli.main(["validat"])

    assert "Did you mean 'validate'" in capsys.readouterr().err


@pytest.mark.acceptance
def test_the_module_is_the_same_program_and_works_from_any_folder():
    command = [sys.executable, "-m", "api", "doctor", "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}  # noqa: TID251 - a child's own

    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("{")


@pytest.mark.acceptance
def test_the_server_is_started_and_stopped(tmp_path):
    command = [sys.executable, "-m", "api", "serve", "--port", "0", "--project", str(tmp_path)]
    command += ["--database", f"sqlite:///{tmp_path / 'runs.db'}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        try:
            told = server.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+", told).group()
            assert httpx.get(f"{address}/readyz").status_code == 200
            server.terminate()
            server.wait(timeout=START_SECONDS)
        finally:
            server.kill()

    assert server.returncode == 0


@pytest.mark.acceptance
def test_a_port_that_is_taken_exits_with_3(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "api", "serve", "--port", str(port), "--project", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.returncode == 3
    assert "cannot be bound" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.acceptance
def test_an_address_that_others_can_reach_needs_keys(tmp_path):
    command = [sys.executable, "-m", "api", "serve", "--host", "0.0.0.0", "--project", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.returncode == 3
    assert "PLANNER_API_KEYS" in done.stderr


@pytest.mark.acceptance
def test_a_reader_that_goes_away_is_no_error():
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "api", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as schema:
        schema.stdout.close()
        err = schema.stderr.read()
        schema.wait(timeout=START_SECONDS)

    assert "Traceback" not in err
    assert time.monotonic() - began < START_SECONDS


def test_a_command_of_another_package_is_told_by_what_its_module_says_of_itself():
    assert cli.program().commands["eval"].help.startswith("Try workflows offline")
