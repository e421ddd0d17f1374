"""Secrets planted everywhere in a real run on the real engine, and sought in all that is logged."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import select

from api.app import create_app
from graphs import wiring
from planner.log import export
from planner.log.masking import Masking
from planner.settings import ModelSettings, Settings
from planner.store import audits, exports, tables
from planner.testing import ScriptedModel

CANARIES = {
    "password": "canary-pw-7f3a",
    "named": "canary-named-91bc",
    "api key": "sk-canary0123456789abcdef",
    "cloud key": "AKIACANARY0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ",
    "bearer": "canary-bearer-0123456789abcdef",
    "header": "canary-header-0123456789",
    "pem": "MIICANARYxTk9UQUtFWQ",
    "card": "4111111111111111",
    "card in groups": "5555 5555 5555 4444",
    "iban": "DE89370400440532013000",
}
PEM = f"-----BEGIN PRIVATE KEY-----\n{CANARIES['pem']}\n-----END PRIVATE KEY-----"
WORDS = (
    f"password={CANARIES['named']}; Authorization: Bearer {CANARIES['bearer']}; key {CANARIES['api key']}, "
    f"{CANARIES['cloud key']} and {CANARIES['jwt']}, card {CANARIES['card in groups']}, "
    f"pay to {CANARIES['iban']}. {PEM}"
)
WORKFLOW = """
workflow: leak
version: 1.0.0
goal: Charge a customer.
input: {type: object}
steps:
  account: {call: bank.getAccount}
  how:
    decide: How shall it be charged?
    given: {input: "${input}", account: "${account}"}
    options: {now: {means: At once., then: charge}, later: {means: Tomorrow., then: end}}
    otherwise: later
  charge:
    call: bank.charge
    with: {note: "${input.note}"}
    retry: {attempts: 1}
    recover: {decide: The charge failed. What now?, by: person, otherwise: fail}
"""
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "bank", "version": "1"},
    "paths": {
        "/account": {
            "get": {"operationId": "getAccount", "responses": {"200": {"description": "an account"}}}
        },
        "/charge": {
            "post": {
                "operationId": "charge",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "properties": {"note": {"type": "string"}}}
                        }
                    }
                },
                "responses": {"200": {"description": "charged"}},
            }
        },
    },
}


class Bank(BaseHTTPRequestHandler):
    """A service that leaks what it can, in what it answers and in what it complains of."""

    def do_GET(self):
        answer = {"api_key": CANARIES["password"], "card_no": int(CANARIES["card"]), "log": WORDS}
        answer |= {"tokens": {WORDS: WORDS}, "seen": f"the caller sent {self.headers['Authorization']}"}
        self._send(200, answer)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(422, {"detail": f"refused with {self.headers['Authorization']}: {WORDS}"})

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Token", CANARIES["bearer"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments):
        """Say nothing."""


@contextlib.contextmanager
def bank() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bank)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def project(folder, address):
    service = {
        "openapi": "bank.json",
        "base_url": address,
        "auth": {"bearer": {"secret": "BANK_TOKEN"}},
        "operations": {"getAccount": {"effect": "read"}, "charge": {"effect": "write"}},
    }
    (folder / "workflows").mkdir()
    (folder / "bank.json").write_text(json.dumps(DOCUMENT))
    (folder / "catalog.yaml").write_text(yaml.safe_dump({"services": {"bank": service}}))
    (folder / "workflows" / "leak.yaml").write_text(WORKFLOW)


async def told(folder, model_url, masking):
    """Make the run, answer its question, and return everything that is logged and told of its decisions."""
    config = Settings(
        project=folder,
        database_url=f"sqlite:///{folder}/planner.db",
        masking=masking,
        model=ModelSettings(name="leaky", base_url=model_url, api_key=CANARIES["api key"]),
    )
    async with wiring.open_services(config) as opened:
        app = create_app(config, opened=opened)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            given = {"password": CANARIES["password"], "card": int(CANARIES["card"]), "note": WORDS}
            wait = {
                "Prefer": "wait=20",
                "X-Token": CANARIES["header"],
                "Authorization": f"Bearer {WORDS[:40]}",
            }
            begun = await client.post("/v1/runs", json={"workflow": "leak", "input": given}, headers=wait)
            run = begun.json()
            (question,) = run["questions"]
            path = f"/v1/decisions/{question['decision_id']}"
            before = [await client.get("/v1/questions"), await client.get(path)]
            answer = {"choice": "fail", "comment": WORDS}
            before.append(await client.post(f"{path}/answer", json=answer))
            ended = (await client.get(f"/v1/runs/{run['id']}", headers=wait)).json()
            outcome = {"label": f"bad: {CANARIES['api key']}"}
            before.append(await client.post(f"{path}/outcome", json=outcome))
            lists = ("/v1/decisions", "/v1/questions", f"/v1/runs/{run['id']}/decisions")
            after = [await client.get(each) for each in (*lists, path)]
            assert all(each.status_code < 300 for each in (*before, *after))
            ids = ended["decision_ids"]
            after += [await client.get(f"/v1/decisions/{each}") for each in ids]
        stored = await opened.parts.database.read(rows)
        events = await opened.parts.database.read(exported)
        report = await opened.parts.database.read(audits.verify)
    return (
        ids,
        {
            "stored": stored,
            "exported": events,
            "answered": "\n".join(each.text for each in (*before, *after)),
        },
        report,
    )


def rows(tx):
    found = []
    for table in (tables.log, tables.blobs, tables.decisions, tables.heads, tables.holds, tables.questions):
        found += [str(tuple(row)) for row in tx.execute(select(table))]
    return "\n".join(found)


def exported(tx):
    events = [export.event(*each, labels={"a": "b"}) for each in exports.records(tx)]
    return "\n".join(json.dumps(each) + json.dumps(export.otlp(each)) for each in events)


def leak(folder, masking):
    """Return what a run full of secrets leaves behind."""
    replies = [
        {"content": f"I would rather tell you: {WORDS}"},
        {"choose": "now", "reason": f"Because {WORDS}"},
    ]
    with pytest.MonkeyPatch.context() as patch, bank() as address:
        patch.setenv("BANK_TOKEN", CANARIES["header"])
        project(folder, address)
        with ScriptedModel({"leak/how": replies}).serving() as url:
            return asyncio.run(told(folder, url, masking))


@pytest.fixture(scope="module")
def leaked(tmp_path_factory):
    return leak(tmp_path_factory.mktemp("canary"), Masking())


def test_without_masking_the_same_run_leaks_every_one_of_them(tmp_path):
    _, texts, _ = leak(tmp_path, Masking(never=(), detectors=()))

    # What a service is sent as its secret is already taken out of its answers where they come in.
    for name, canary in CANARIES.items() - {("header", CANARIES["header"])}:
        assert all(canary in text for text in texts.values()), name


def test_the_run_went_all_the_way_and_its_log_is_right(leaked):
    ids, texts, report = leaked

    assert len(ids) == 2
    assert report.ok
    assert "[masked:" in texts["stored"]
    assert '"choice":"now"' in texts["answered"]


@pytest.mark.parametrize("where", ["stored", "exported", "answered"])
@pytest.mark.parametrize("name", sorted(CANARIES))
def test_no_secret_is_found(leaked, where, name):
    text = leaked[1][where]

    assert CANARIES[name] not in text
    assert CANARIES[name].replace(" ", "") not in text
    assert CANARIES[name][:-3] not in text
