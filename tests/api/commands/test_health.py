"""Tests of the checks of `planner doctor`: what they find, keep to themselves, and leave alone."""

import base64
import http.server
import json
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from api.commands import health
from planner.log.masking import Masking
from planner.settings import SealingSettings, Settings
from planner.store import keyfiles

SECRET = "very-secret-indeed"
KEY = base64.b64encode(bytes(range(32))).decode()
DOORS = """
services:
  doors:
    openapi: doors.json
    base_url: {url}
    auth: {{bearer: {{secret: DOOR_TOKEN}}}}
    operations: {{listDoors: {{effect: read}}}}
"""
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Doors", "version": "1"},
    "paths": {"/doors": {"get": {"operationId": "listDoors", "responses": {"200": {"description": "ok"}}}}},
}


def findings(said, about):
    return [(each["state"], each["says"]) for each in said.data["findings"] if each["about"] == about]


@pytest.fixture
def doors(desk):
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    desk.write("doors.json", json.dumps(DOCUMENT))
    desk.write("catalog.yaml", DOORS.format(url=f"http://127.0.0.1:{server.server_port}"))
    for file in (desk.folder / "workflows").iterdir():
        file.unlink()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_works_from_any_folder_and_makes_nothing(desk, monkeypatch, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)

    said = desk.say("doctor", "--json")

    assert said.code == 0
    assert findings(said, "project")[0][0] == "warning"
    assert "made when first used" in findings(said, "database")[0][1]
    assert list(empty.iterdir()) == []


def test_a_database_is_found_in_order(desk):
    desk("migrate")

    ((state, says),) = findings(desk("doctor", "--json"), "database")

    assert (state, "can be written" in says) == ("ok", True)


def test_an_older_database_is_a_warning_that_says_what_to_do(desk):
    sqlite3.connect(desk.folder / "runs.db").close()
    (desk.folder / "runs.db").touch()

    said = desk("doctor", "--json")

    ((state, says),) = findings(said, "database")
    assert (said.code, state) == (0, "warning")
    assert "run `planner migrate`" in says


def test_a_database_that_is_none_is_broken(desk):
    desk.write("runs.db", "this is no database, but it is long enough to be taken for one" * 20)

    said = desk("doctor", "--json")

    assert said.code == 1
    assert findings(said, "database")[0][0] == "broken"


def test_a_folder_that_cannot_hold_a_database_is_broken(desk):
    file = desk.write("file", "")

    said = desk.say(
        "doctor", "--project", str(desk.folder), "--database", f"sqlite:///{file}/runs.db", "--json"
    )

    assert said.code == 1
    assert "cannot be written" in findings(said, "database")[0][1]


def test_a_broken_catalogue_is_broken(desk):
    desk.write("catalog.yaml", "services: [\n")

    said = desk("doctor", "--json")

    assert said.code == 1
    assert findings(said, "catalogue")[0][0] == "broken"


def test_a_broken_workflow_is_broken(desk):
    desk.write(
        "workflows/bad.yaml", "workflow: bad\nsteps:\n  a: {call: desk.lock}\n  b: {call: desk.lick}\n"
    )

    said = desk("doctor", "--json")

    assert said.code == 1
    assert "(and 1 more)" in findings(said, "workflows")[0][1]


def test_settings_that_cannot_be_used_are_broken_and_the_rest_is_still_told(desk, monkeypatch):
    monkeypatch.setenv("PLANNER_PORT", "many")

    said = desk("doctor", "--json")

    assert said.code == 1
    assert "PLANNER_PORT" in findings(said, "settings")[0][1]
    assert findings(said, "python")[0][0] == "ok"


def test_a_service_that_answers_is_told_and_its_missing_secret_too(desk, doors):
    said = desk("doctor", "--json")

    assert said.code == 0
    assert [state for state, _ in findings(said, "service")] == ["ok", "warning"]
    assert "set the environment variable DOOR_TOKEN" in findings(said, "service")[1][1]


def test_a_service_that_cannot_be_reached_is_a_warning(desk, doors, monkeypatch):
    monkeypatch.setenv("DOOR_TOKEN", SECRET)
    desk.write("catalog.yaml", DOORS.format(url="http://127.0.0.1:1"))

    said = desk("doctor", "--json")

    ((state, says),) = findings(said, "service")
    assert (said.code, state) == (0, "warning")
    assert "doors at http://127.0.0.1:1 cannot be connected to" in says


def test_a_model_is_told_by_its_host_and_its_key_is_not(desk, monkeypatch):
    monkeypatch.setenv("DOOR_TOKEN", SECRET)
    monkeypatch.setenv("PLANNER_MODEL__API_KEY", SECRET)
    monkeypatch.setenv("PLANNER_MODEL__BASE_URL", "http://127.0.0.1:1/v1")

    said = desk("doctor", "--json")

    assert said.code == 0
    assert findings(said, "model")[0][0] == "warning"
    assert "127.0.0.1:1 cannot be connected to" in findings(said, "model")[0][1]
    assert SECRET not in said.out + said.err


def test_a_model_that_can_be_reached_is_in_order(desk, doors, monkeypatch):
    monkeypatch.setenv("PLANNER_MODEL__BASE_URL", f"http://127.0.0.1:{doors.server_port}/v1")

    assert findings(desk("doctor", "--json"), "model")[0][0] == "ok"


def test_a_strangers_package_is_named(tmp_path, monkeypatch):
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n", encoding="utf-8")
    (info / "top_level.txt").write_text("tools\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    says = [finding.says for finding in health.packages() if finding.state == "broken"]

    assert says == ["stranger installs a package 'tools', too; remove it from this environment"]


def test_our_own_packages_stand_where_this_file_does():
    (finding,) = health.packages()

    assert finding.state == "ok"
    assert str(Path(__file__).resolve().parents[3]) in finding.says


def test_a_package_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    info = tmp_path / "needy-1.0.dist-info"
    info.mkdir()
    needs = (
        "no-such-package>=1",
        "typer",
        "extra-thing; extra == 'dev'",
        "windows-thing; sys_platform == 'win32'",
    )
    lines = [
        "Metadata-Version: 2.1",
        "Name: needy",
        "Version: 1.0",
        *(f"Requires-Dist: {each}" for each in needs),
    ]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(health, "DISTRIBUTION", "needy")

    (finding,) = health.dependencies()

    assert (finding.state, "no-such-package cannot be imported" in finding.says) == ("broken", True)


def test_a_program_that_is_not_installed_is_a_warning(monkeypatch):
    monkeypatch.setattr(health, "DISTRIBUTION", "no-such-distribution")

    (finding,) = health.dependencies()

    assert finding.state == "warning"


def test_a_python_that_is_too_old_is_broken(monkeypatch):
    monkeypatch.setattr(health, "OLDEST_PYTHON", (99, 0))

    assert health.python().state == "broken"


def sealing(desk, **more):
    return health.sealing(Settings(**{"database_url": f"sqlite:///{desk.folder}/planner.db"} | more))


def test_a_key_beside_the_database_is_told_by_its_id_and_never_shown(desk):
    file = desk.folder / "planner.db.key"

    assert "made there when it is first needed" in sealing(desk).says
    assert not file.exists()

    keyfiles.make(file, KEY)

    assert sealing(desk).state == "ok"
    assert KEY not in sealing(desk).says
    assert str(file) in sealing(desk).says


def test_a_key_that_others_can_read_is_warned_of(desk):
    file = desk.folder / "planner.db.key"
    keyfiles.make(file, KEY)
    file.chmod(0o644)

    assert (sealing(desk).state, "chmod 600" in sealing(desk).says) == ("warning", True)


def test_a_key_that_is_none_is_broken(desk):
    (desk.folder / "planner.db.key").write_text("hunter2")

    assert sealing(desk).state == "broken"
    assert "hunter2" not in sealing(desk).says


@pytest.mark.parametrize(("required", "state"), [(False, "warning"), (True, "broken")])
def test_a_server_database_needs_a_key_from_the_environment(desk, monkeypatch, required, state):
    more = {"database_url": "postgresql://db/planner", "sealing": SealingSettings(required=required)}

    assert sealing(desk, **more).state == state
    assert "PLANNER_JOURNAL_KEY" in sealing(desk, **more).says

    monkeypatch.setenv("PLANNER_JOURNAL_KEY", KEY)

    assert sealing(desk, **more).state == "ok"


def test_without_masking_no_key_is_missed(desk):
    off = Masking(never=(), detectors=())

    assert sealing(desk, database_url="postgresql://db/planner", masking=off).state == "ok"


def test_an_mcp_server_that_offers_what_its_file_holds_is_sound_and_another_is_a_warning(desk):
    program = Path(__file__).parents[2] / "tools" / "mcp" / "tool_server.py"
    told = {
        "command": [sys.executable, str(program)],
        "listing": "tools.json",
        "env": {"K": {"secret": "TOOL_KEY"}},
    }
    desk.write("catalog.yaml", json.dumps({"services": {"tools": {"mcp": told}}}))
    desk.write("tools.json", json.dumps({"tools": []}))
    missing = findings(desk("doctor", "--json"), "service")
    del told["env"]
    desk.write("catalog.yaml", json.dumps({"services": {"tools": {"mcp": told}}}))
    before = findings(desk("doctor", "--json"), "service")
    desk("catalog", "import")
    after = findings(desk("doctor", "--json"), "service")

    assert "set the environment variable TOOL_KEY" in missing[0][1]
    assert "planner catalog import --check tools" in before[0][1]
    assert [state for state, _ in (*before, *after)] == ["warning", "ok"]
