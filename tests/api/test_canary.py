"""Secrets planted everywhere in a run whose server is killed on its way, and sought in all that is left."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from planner.testing import ScriptedModel

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).resolve().parents[2]
OFF = {"PLANNER_MASKING__NEVER": "[]", "PLANNER_MASKING__DETECTORS": "[]"}
SECONDS = 60
ADDRESS = re.compile(rb"serves (http://[\d.:]+),")
BY_NAME = {
    "input": "canary-input-7f3a",
    "answer": "canary-answer-91bc",
    "value": "canary-value-55e0",
    "output": "canary-output-2d1c",
}
BY_SHAPE = {
    "named": "canary-named-83fe",
    "api key": "sk-canary0123456789abcdef",
    "cloud key": "AKIACANARY0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ",
    "bearer": "canary-bearer-0123456789abcdef",
    "pem": "MIICANARYxTk9UQUtFWQ",
    "card": "5555 5555 5555 4444",
    "iban": "DE89370400440532013000",
}
HEADER = "canary-header-0123456789"
CARD = 4111111111111111
CANARIES = {**BY_NAME, **BY_SHAPE, "card as a number": str(CARD)}
PEM = f"-----BEGIN PRIVATE KEY-----\n{BY_SHAPE['pem']}\n-----END PRIVATE KEY-----"
WORDS = (
    f"password={BY_SHAPE['named']}; Authorization: Bearer {BY_SHAPE['bearer']}; key {BY_SHAPE['api key']}, "
    f"{BY_SHAPE['cloud key']} and {BY_SHAPE['jwt']}, card {BY_SHAPE['card']}, to {BY_SHAPE['iban']}. {PEM}"
)
WORKFLOW = """
workflow: vault
version: 1.0.0
input: {type: object}
steps:
  account: {call: bank.getAccount}
  how:
    decide: How shall it be charged?
    given: {input: "${input}", account: "${account}"}
    options: {now: {means: At once., then: speed}, later: {means: Tomorrow., then: end}}
    otherwise: later
  speed:
    decide: How fast?
    given: {note: "${input.note}", other: "${account.api_key}"}
    options: {fast: {means: By courier., then: end}, slow: {means: By post., then: hold}}
    otherwise: slow
    override_within: PT1H
  hold: {call: bank.hold, then: login}
  login:
    call: bank.login
    with:
      password: "${input.password}"
      hint: "the one of before was ${input.password}"
      api_key: "${account.api_key}"
      note: "${input.note}"
      card: "${input.card}"
  charge:
    call: bank.charge
    with: {note: "${input.note}", password: "${input.password}"}
    recover: {decide: Nobody knows whether it was charged. What now?, by: person, otherwise: fail}
  confirm: {call: bank.confirm, with: {token: "${charge.receipt_token}"}}
output: {access_token: "${account.access_token}"}
"""


RECEIPT = {"receipt_token": BY_NAME["value"]}
ANSWER = {
    "api_key": BY_NAME["answer"],
    "access_token": BY_NAME["output"],
    "card_no": CARD,
    "log": WORDS,
    "tokens": {WORDS: WORDS},
}
CASES = {
    "schema": "evals/1",
    "suite": "canary",
    "workflow": "vault",
    "cases": [
        {
            "id": "leak",
            "title": "Everything is told",
            "input": {"password": BY_NAME["input"], "card": CARD, "note": WORDS},
            "model": {"how": {"choose": "now", "reason": WORDS}, "speed": "slow"},
            "person": {
                "charge": {
                    "choose": "applied",
                    "comment": WORDS,
                    "value": {"receipt_token": BY_NAME["value"]},
                }
            },
            "services": {
                "bank.getAccount": {"return": ANSWER},
                "bank.hold": {"return": ANSWER},
                "bank.login": {"return": ANSWER},
                "bank.charge": {"status": 500, "body": {"detail": WORDS}, "applied": True},
                "bank.confirm": {"return": ANSWER},
            },
            "expect": {"status": "succeeded", "output": {"access_token": "another"}},
        }
    ],
}


def operation(name: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    return {
        "operationId": name,
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "done"}},
    }


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "bank", "version": "1"},
    "paths": {
        "/account": {
            "get": {"operationId": "getAccount", "responses": {"200": {"description": "an account"}}}
        },
        "/hold": {"get": {"operationId": "hold", "responses": {"200": {"description": "held"}}}},
        "/login": {
            "post": operation("login", password=TEXT, hint=TEXT, api_key=TEXT, note=TEXT, card=NUMBER)
        },
        "/charge": {"post": operation("charge", note=TEXT, password=TEXT)},
        "/confirm": {"post": operation("confirm", token=TEXT)},
    },
}
EFFECTS = {"getAccount": "read", "hold": "read", "login": "write", "charge": "write", "confirm": "write"}


class Bank:
    """A service that leaks what it can, holds one call back, and keeps in mind what it was sent."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, Any]] = {}
        self.is_holding, self.go_on = threading.Event(), threading.Event()

    @contextlib.contextmanager
    def serving(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Desk", (_Desk,), {"bank": self}))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            self.go_on.set()
            server.shutdown()
            thread.join()
            server.server_close()


class _Desk(BaseHTTPRequestHandler):
    bank: Bank

    def do_GET(self):
        if self.path == "/hold":
            self.bank.is_holding.set()
            self.bank.go_on.wait(SECONDS)
        told = {
            "api_key": BY_NAME["answer"],
            "access_token": BY_NAME["output"],
            "card_no": CARD,
            "log": WORDS,
        }
        self._send(200, told | {"tokens": {WORDS: WORDS}, "seen": f"{self.headers['Authorization']}"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.bank.sent[self.path] = body
        failing = self.path == "/charge"
        told = f"{self.headers['Authorization']}: {WORDS}, not {BY_NAME['input']}"
        self._send(500 if failing else 200, {"detail": told})

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        # A client that was killed hears nothing any more.
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Token", BY_SHAPE["bearer"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_arguments):
        """Say nothing."""


class Site:
    """A project, and its server as a process that can be killed and started again."""

    def __init__(self, folder: Path, bank_url: str, model_url: str, more: dict[str, str]) -> None:
        self.folder = folder
        self.logs = b""
        self.environment = {
            **os.environ,  # noqa: TID251 - a child's own
            "PLANNER_PROJECT": str(folder),
            "PLANNER_DATABASE_URL": f"sqlite:///{folder}/planner.db",
            "PLANNER_MODEL__NAME": "leaky",
            "PLANNER_MODEL__BASE_URL": model_url,
            "PLANNER_MODEL__API_KEY": HEADER,
            "PLANNER_HEADS__FILE": str(folder / "heads.jsonl"),
            "PLANNER_LEASE_SECONDS": "1",
            "BANK_TOKEN": HEADER,
            **more,
        }
        service = {
            "openapi": "bank.json",
            "base_url": bank_url,
            "auth": {"bearer": {"secret": "BANK_TOKEN"}},
            "operations": {name: {"effect": effect} for name, effect in EFFECTS.items()},
        }
        (folder / "workflows").mkdir()
        (folder / "bank.json").write_text(json.dumps(DOCUMENT))
        (folder / "catalog.yaml").write_text(yaml.safe_dump({"services": {"bank": service}}))
        (folder / "workflows" / "vault.yaml").write_text(WORKFLOW)
        (folder / "leak.eval.yaml").write_text(yaml.safe_dump(CASES))

    @contextlib.contextmanager
    def serving(self, *, end: int = signal.SIGTERM):
        command = [sys.executable, "-m", "api", "--debug", "serve", "--port", "0"]
        log = self.folder / f"server-{len(self.logs)}.log"
        with (
            log.open("wb") as out,
            subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=out, stderr=out) as process,
        ):
            try:
                address = until(lambda: ADDRESS.search(log.read_bytes()) or process.poll())
                assert isinstance(address, re.Match), log.read_text()
                with httpx.Client(base_url=address[1].decode(), timeout=SECONDS) as client:
                    yield client
            finally:
                process.send_signal(end)
                process.wait(SECONDS)
        self.logs += log.read_bytes()

    def say(self, *arguments: str, code: int = 0) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "api", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def files(self) -> dict[str, bytes]:
        """What lies in the database's files and beside them; the project itself is its author's."""
        made = [file for file in self.folder.iterdir() if file.name.startswith(("planner.db", "heads"))]
        return {file.name: file.read_bytes() for file in made}


def play(site: Site, bank: Bank) -> dict[str, Any]:
    """Make the run, killing its server on the way, and return everything that is left and told of it."""
    heard: list[str] = []
    with site.serving(end=signal.SIGKILL) as client:
        run = begin(client, heard)
        assert bank.is_holding.wait(SECONDS)
        files = [site.files()]
    bank.go_on.set()
    with site.serving() as client:
        detail = go_on(client, run, heard)
        output = detail.pop("output")
        heard.append(json.dumps(detail, ensure_ascii=False))
        look(client, run, detail["decision_ids"], heard)
        files.append(site.files())
    files.append(site.files())
    words = [site.say("explain", run, *more) for more in ((), ("--format", "markdown"), ("--json",))]
    words += [site.say("runs", run), site.say("runs", "--json"), site.say("decisions", run)]
    exported = site.say("decisions", "export") + site.say("decisions", "export", "--format", "otlp-json")
    case = ("eval", "run", str(site.folder / "leak.eval.yaml"), "--project", str(site.folder))
    evals = [site.say(*case, *more, code=1) for more in ((), ("--json",))]
    return {
        "run": detail,
        "output": output,
        "names": {name for each in files for name in each},
        "database": b"\0".join(kept for each in files for kept in each.values()),
        "answers": "\n".join(heard).encode(),
        "words": "\n".join(words).encode(),
        "exports": exported.encode(),
        "evals": "\n".join(evals).encode(),
        "logs": site.logs,
    }


def begin(client: httpx.Client, heard: list[str]) -> str:
    """Begin the run, override its second decision, and label its first."""
    given = {"password": BY_NAME["input"], "card": CARD, "note": WORDS}
    asked = {"workflow": "vault", "goal": f"Charge. {WORDS}", "input": given}
    headers = {"X-Token": HEADER, "Authorization": f"Bearer {BY_SHAPE['bearer']}", "Prefer": "wait=5"}
    begun = client.post("/v1/runs", json=asked, headers=headers)
    heard.append(begun.text)
    run = begun.json()["id"]
    first, second = until(lambda: both(client, run))
    told = {"to": "slow", "comment": WORDS}
    heard.append(good(client.post(f"/v1/decisions/{second}/override", json=told)))
    heard.append(good(client.post(f"/v1/decisions/{first}/outcome", json={"label": WORDS[:150]})))
    return str(run)


def go_on(client: httpx.Client, run: str, heard: list[str]) -> dict[str, Any]:
    """Answer what a person is asked, and return the run at its end."""
    (question,) = until(lambda: client.get("/v1/questions").json()["items"])
    heard.append(json.dumps(question, ensure_ascii=False))
    answer = {"choice": "applied", "comment": f"{WORDS} {BY_NAME['value']}", "value": RECEIPT}
    path = f"/v1/decisions/{question['decision_id']}"
    heard.append(good(client.post(f"{path}/answer", json=answer)))
    found: dict[str, Any] = client.get(f"/v1/runs/{run}", headers={"Prefer": "wait=20"}).json()
    return found


def look(client: httpx.Client, run: str, decisions: list[str], heard: list[str]) -> None:
    """Ask for everything that the API tells."""
    of_run = ("journal?limit=200", "timeline", "timeline?format=text", "effects", "decisions", "events")
    paths = [f"/v1/runs/{run}/{each}" for each in of_run]
    paths += [f"/v1/runs/{run}/explain?format={form}" for form in ("json", "text", "markdown")]
    paths += [f"/v1/workflows/vault/graph?run={run}&format={form}" for form in ("svg", "mermaid", "json")]
    paths += ["/v1/runs", "/v1/decisions", "/v1/questions", "/v1/decision-log/heads", "/v1/catalog/services"]
    paths += [f"/v1/decisions/{each}" for each in decisions]
    heard += [good(client.get(path)) for path in paths]


def good(answer: httpx.Response) -> str:
    assert answer.status_code < 300, f"{answer.request.url}: {answer.text}"
    return answer.text


def both(client, run):
    found = client.get(f"/v1/runs/{run}/decisions").json()["items"]
    standing = client.get(f"/v1/runs/{run}").json()["status"]
    return [each["decision_id"] for each in found] if len(found) == 2 and standing == "waiting" else None


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)
    return found


def leak(folder: Path, **more: str) -> tuple[Bank, dict[str, Any]]:
    replies = [
        {"content": f"I would rather tell you: {WORDS}"},
        {"choose": "now", "reason": f"Because {WORDS}"},
    ]
    model = {
        "vault/how": replies,
        "vault/speed": [{"choose": "fast", "reason": f"{WORDS} {BY_NAME['answer']}"}],
    }
    bank = Bank()
    with bank.serving() as bank_url, ScriptedModel(model).serving() as model_url:
        return bank, play(Site(folder, bank_url, model_url, more), bank)


@pytest.fixture(scope="module")
def leaked(tmp_path_factory):
    return leak(tmp_path_factory.mktemp("canary"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return leak(tmp_path_factory.mktemp("bare"), **OFF)


PLACES = ("database", "answers", "words", "exports", "evals")


def forms(canary: str) -> set[bytes]:
    """How a canary may stand in JSON, in Markdown, and without what stands between digits."""
    return {form.encode() for form in (canary, canary.replace(" ", ""), canary.replace("-", "\\-"))}


@pytest.mark.parametrize("place", [*PLACES, "logs"])
@pytest.mark.parametrize("name", sorted(CANARIES))
def test_no_secret_is_left_anywhere(leaked, place, name):
    text = leaked[1][place]

    assert not [form for form in forms(CANARIES[name]) if form in text]
    assert HEADER.encode() not in text


@pytest.mark.parametrize("name", sorted(CANARIES))
def test_without_masking_the_same_run_leaves_every_one_of_them(bare, name):
    for place in PLACES[:2]:
        assert any(form in bare[1][place] for form in forms(CANARIES[name])), place


@pytest.mark.parametrize("name", sorted(BY_SHAPE))
def test_without_masking_the_words_and_exports_tell_them_too(bare, name):
    for place in PLACES[2:]:
        assert any(form in bare[1][place] for form in forms(BY_SHAPE[name])), place


def test_the_run_goes_on_after_the_crash_with_the_true_values(leaked):
    bank, left = leaked

    given = {"password": BY_NAME["input"], "api_key": BY_NAME["answer"], "note": WORDS, "card": CARD}
    assert bank.sent["/login"] == {**given, "hint": f"the one of before was {BY_NAME['input']}"}
    assert bank.sent["/confirm"] == {"token": BY_NAME["value"]}
    assert left["run"]["status"] == "succeeded"


def test_the_caller_gets_the_output_that_was_declared(leaked):
    assert leaked[1]["output"] == {"access_token": BY_NAME["output"]}


def test_the_key_lies_beside_the_database_and_only_where_something_is_sealed(leaked, bare):
    assert "planner.db.key" in leaked[1]["names"]
    assert "planner.db.key" not in bare[1]["names"]
    assert {"planner.db", "planner.db-wal", "heads.jsonl"} <= leaked[1]["names"] | {"heads.jsonl"}
