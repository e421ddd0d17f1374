"""What `deploy/` names exists, and its services do their work as processes of this machine."""

import base64
import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import yaml

from api.cli import program
from deploy import rehearse
from planner import postgres, settings
from planner.settings import Settings
from planner.testing import free_port

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy"
KEY = "a-key-for-the-rehearsal"
TOLD = {
    "POSTGRES_PASSWORD": "0123abcd",
    "PLANNER_API_KEYS": KEY,
    "PLANNER_JOURNAL_KEY": base64.b64encode(bytes(range(32))).decode(),
    "PROJECT_FOLDER": "/srv/project",
}
"""What whoever starts it has to tell."""
OWN_SECRETS = {"PLANNER_JOURNAL_KEY", "PLANNER_LOG_KEY"}
"""Secrets that a setting names, and that are no settings."""
KNOWN_KEYS = {
    *("build", "image", "command", "environment", "volumes", "tmpfs", "ports", "shm_size"),
    *("depends_on", "healthcheck", "restart", "stop_grace_period", "deploy"),
    *("read_only", "cap_drop", "security_opt"),
}
"""Keys of a service in the Compose specification that we use."""
GREETING = """
workflow: greet
input: {type: object, required: [name], properties: {name: {type: string}}}
steps:
  greet: {set: {words: "${'hello ' + input.name}"}}
output: {words: "${greet.words}"}
"""
CHOICE = """
workflow: choose
steps:
  choose:
    decide: Which way?
    options:
      left: {means: To the left., then: end}
      right: {means: To the right., when: "${1 > 2}", then: end}
    otherwise: left
output: {way: "${choose.choice}"}
"""
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def filled(found, told):
    """Put variables into what was read, as Compose does, which refuses one that is required and not told."""

    def value(match):
        name, mark, rest = match.groups()
        if told.get(name):
            return told[name]
        if mark != "-":
            raise KeyError(name)
        return rest

    if isinstance(found, dict):
        return {key: filled(each, told) for key, each in found.items()}
    if isinstance(found, list):
        return [filled(each, told) for each in found]
    return _VARIABLE.sub(value, found) if isinstance(found, str) else found


def composed(told):
    return filled(yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8")), told)


@pytest.fixture
def compose():
    return composed(TOLD)


@pytest.fixture
def stages():
    return rehearse.stages((FOLDER / "Dockerfile").read_text(encoding="utf-8"))


def ours(compose):
    return {name: each for name, each in compose["services"].items() if "build" in each}


def named(stage, name):
    return [each.rest for each in stage if each.name == name]


def test_compose_asks_for_every_secret_and_for_the_project():
    for name in TOLD:
        with pytest.raises(KeyError, match=name):
            composed({other: value for other, value in TOLD.items() if other != name})


def test_compose_holds_api_workers_migration_and_database(compose):
    assert set(compose["services"]) == {"database", "migrate", "api", "worker"}
    for name, service in compose["services"].items():
        assert service.keys() <= KNOWN_KEYS, name
        for needed, how in service.get("depends_on", {}).items():
            other = compose["services"][needed]
            is_once = how["condition"] == "service_completed_successfully"
            assert other["restart"] == "no" if is_once else "healthcheck" in other
        for mounted in service["volumes"]:
            source = mounted.split(":")[0]
            assert source == TOLD["PROJECT_FOLDER"] or source in compose["volumes"]


def test_every_command_of_compose_is_one_of_the_program_with_options_that_it_has(compose):
    commands = program().commands

    for service in ours(compose).values():
        name, *rest = service["command"]
        options = {option for each in commands[name].real().params for option in each.opts}
        assert {word for word in rest if word.startswith("--")} <= options


def test_every_variable_of_compose_is_a_setting(compose):
    for service in ours(compose).values():
        for name, value in service["environment"].items():
            path = name.removeprefix(settings.PREFIX).lower().split(settings.NESTED)
            assert name in OWN_SECRETS or is_setting(Settings, path), name
            assert isinstance(value, str), name


def is_setting(model, path):
    first, *rest = path
    field = model.model_fields.get(first)
    return field is not None and (not rest or is_setting(type(field.default), rest))


def test_what_compose_tells_is_read_by_the_settings(compose, monkeypatch):
    for name, value in compose["services"]["api"]["environment"].items():
        monkeypatch.setenv(name, value)

    config = settings.load(host="0.0.0.0")

    assert config.database_url == "postgresql://planner:0123abcd@database:5432/planner"
    assert config.has_keys
    assert config.sealing.required
    assert not config.model.configured


def test_the_database_of_compose_is_the_one_that_the_planner_is_told(compose):
    database = compose["services"]["database"]
    user, name = (database["environment"][f"POSTGRES_{part}"] for part in ("USER", "DB"))

    for service in ours(compose).values():
        address = service["environment"]["PLANNER_DATABASE_URL"]
        assert address.startswith(f"postgresql://{user}:")
        assert address.endswith(f"@database:5432/{name}")
    assert {f"--username={user}", f"--dbname={name}"} <= set(database["healthcheck"]["test"])


def test_the_services_of_compose_may_do_no_more_than_they_need(compose):
    for service in ours(compose).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["volumes"] == [f"{TOLD['PROJECT_FOLDER']}:/project:ro"]
    assert all(each.startswith("127.0.0.1:") for each in compose["services"]["api"]["ports"])


def test_every_image_has_a_version_and_the_build_names_files_that_are_there(compose, stages):
    images = [each["image"] for each in compose["services"].values()]
    images += [stage[0].rest.split(" AS ")[0] for stage in stages]

    assert all(re.search(r":[\d.]+(-slim)?$", image) for image in images), images
    for service in ours(compose).values():
        context = FOLDER / service["build"]["context"]
        assert (context / service["build"]["dockerfile"]).samefile(FOLDER / "Dockerfile")


def test_the_image_runs_as_nobody_in_particular_and_begins_with_the_program(stages):
    last = stages[-1]
    order = [each.name for each in last]

    assert named(last, "USER") == ["10001:10001"]
    assert "--uid 10001" in named(last, "RUN")[0]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert json.loads(named(last, "ENTRYPOINT")[0]) == ["planner"]
    assert json.loads(named(last, "CMD")[0])[0] in program().commands
    assert named(last, "EXPOSE") == ["8080"]
    assert not {"ADD", "MAINTAINER"} & set(order)
    assert rehearse.variables(last)["PLANNER_PROJECT"] == named(last, "WORKDIR")[0] == "/project"


def test_the_image_holds_only_what_the_lock_names_with_hashes(stages):
    installs = [rest for rest in named(stages[0], "RUN") if " pip install " in rest]
    lock = (ROOT / "requirements-image.lock").read_text(encoding="utf-8")

    assert [bool(re.search("--require-hashes|--no-deps", rest)) for rest in installs] == [True, True]
    assert "requirements-image.lock" in installs[0]
    pinned = set(re.findall(r"^([a-z0-9-]+(?:\[\w+\])?==\S+)", lock, re.MULTILINE))
    base = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert pinned >= set(re.findall(r"^([a-z0-9-]+==\S+)", base, re.MULTILINE))
    assert re.search(r"^psycopg\[[^\]]*\bbinary\b", lock, re.MULTILINE)
    assert {"grpcio", "mcp"} <= {name.partition("==")[0] for name in pinned}
    assert "://" not in lock


def test_everything_that_the_build_copies_is_there_and_let_in(stages):
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = {source for rest in named(stages[0], "COPY") for source in rest.split()[:-1]}

    assert ignored[1] == "*"
    assert copied == let_in
    assert all((ROOT / each).exists() for each in copied)


def play(command, environment, **more):
    """Begin a service of compose as a process of this machine, by the program that is installed here."""
    where = str(Path(sys.executable).parent)
    path = f"{where}:/usr/bin:/bin"
    found = shutil.which(command[0], path=path)
    assert found is not None, command
    return subprocess.Popen([found, *command[1:]], cwd="/", env=environment | {"PATH": path}, **more)


@contextmanager
def playing(command, environment):
    """Let a service do its work, then tell it to end as Compose does."""
    process = play(command, environment)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def is_healthy(service, environment, port):
    kind, *command = (word.replace(":8080", f":{port}") for word in service["healthcheck"]["test"])
    assert kind == "CMD"
    return play(command, environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(60) == 0


def asked(port, path, body):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Prefer": "wait=20"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def told_by(*words, project, database):
    """Return what a command says as one JSON document."""
    command = [sys.executable, "-m", "api", *words, "--json", "--project", project, "--database", database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.acceptance
def test_a_backup_of_the_database_is_restored_whole(postgresql, tmp_path):
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "choose.yaml").write_text(CHOICE.lstrip(), encoding="utf-8")
    there = {"project": str(tmp_path), "database": postgresql}
    dump, programs = tmp_path / "planner.dump", postgres.binaries()
    told_by("run", "choose", **there)
    kept = told_by("decisions", "verify", **there)

    subprocess.run([programs / "pg_dump", "--format=custom", f"--file={dump}", postgresql], check=True)
    told_by("run", "choose", **there)
    restoring = [programs / "pg_restore", "--clean", "--if-exists", f"--dbname={postgresql}", dump]
    subprocess.run(restoring, check=True)

    assert told_by("migrate", **there)["pending"] == []
    assert told_by("decisions", "verify", **there) == kept
    assert len(told_by("decisions", **there)) == 1


@pytest.mark.acceptance
def test_the_services_of_compose_do_their_work_on_this_machine(postgresql, tmp_path, compose):
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "greet.yaml").write_text(GREETING.lstrip(), encoding="utf-8")
    services, port = ours(compose), free_port()
    told = services["api"]["environment"] | {
        "PLANNER_DATABASE_URL": postgresql,
        "PLANNER_PROJECT": str(tmp_path),
        "PLANNER_PORT": str(port),
    }

    assert not is_healthy(services["api"], told, port)
    assert play(["planner", *services["migrate"]["command"]], told).wait(60) == 0
    with ExitStack() as stack:
        for name in ("api", "worker", "worker"):
            stack.enter_context(playing(["planner", *services[name]["command"]], told))
        until = time.monotonic() + 60
        while not is_healthy(services["api"], told, port):
            assert time.monotonic() < until, "it never became healthy"
        assert is_healthy(services["worker"], told, port)
        status, run = asked(port, "/v1/runs", {"workflow": "greet", "input": {"name": "Ann"}})
        assert (status, run["status"], run["output"]) == (201, "succeeded", {"words": "hello Ann"})
