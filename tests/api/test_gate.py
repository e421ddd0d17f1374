"""The gate: keys, names, lengths, and what every answer bears."""

import hashlib

import pytest

from api.security import HEADERS

KEYS = ("the-first-key-of-16", "the-second-key-of-16")
PATHS = [
    ("GET", "/v1/runs"),
    ("POST", "/v1/runs"),
    ("GET", "/v1/catalog"),
    ("GET", "/v1/nowhere"),
    ("GET", "/nowhere"),
    ("DELETE", "/v1/workflows"),
]


@pytest.fixture
def locked(opened):
    with opened(api_keys=KEYS) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {KEYS[0]}"},
        {"Authorization": "Bearer wrong", "X-API-Key": KEYS[0]},
    ],
    ids=["none", "wrong", "empty", "scheme", "both"],
)
def test_without_a_known_key_nothing_is_told(locked, method, path, headers):
    answer = locked.request(method, path, headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert KEYS[0] not in answer.text


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("how", ["Authorization", "X-API-Key"])
def test_any_configured_key_opens(locked, key, how):
    value = f"Bearer {key}" if how == "Authorization" else key

    assert locked.get("/v1/runs", headers={how: value}).status_code == 200


def test_who_began_a_run_is_the_fingerprint_of_the_key(locked):
    run = locked.run("quote", {"sku": "a"}, **{"X-API-Key": KEYS[1]})

    assert run["started_by"] == hashlib.sha256(KEYS[1].encode()).hexdigest()[:8]


def test_who_answers_is_the_fingerprint_unless_told(locked):
    key = {"X-API-Key": KEYS[0]}
    question = locked.run("approve", {"amount": 1}, **key)["questions"][0]

    path = f"/v1/decisions/{question['decision_id']}/answer"
    answer = locked.post(path, json={"choice": "leave"}, headers=key)

    assert answer.json()["answer"]["actor"] == hashlib.sha256(KEYS[0].encode()).hexdigest()[:8]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs"])
def test_health_and_documentation_need_no_key(locked, path):
    assert locked.get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": ""},
        {"Host": "[::"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_without_keys_a_stranger_s_page_is_refused(client, headers):
    answer = client.get("/v1/runs", headers=headers)

    assert answer.status_code == 421
    assert answer.json()["code"] == "host-refused"


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "127.0.0.9:1"])
def test_without_keys_this_machine_is_welcome(client, host):
    headers = {"Host": host, "Origin": f"http://{host}"}

    assert client.get("/v1/runs", headers=headers).status_code == 200


def test_with_keys_any_name_will_do(locked):
    headers = {"Host": "planner.example", "X-API-Key": KEYS[0]}

    assert locked.get("/v1/runs", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/workflows"])
def test_a_body_over_the_limit_is_refused_by_its_announced_length(opened, path):
    with opened(body_limit_bytes=1000) as client:
        answer = client.post(path, content=b"x" * 1001)

    assert answer.status_code == 413
    assert answer.json()["code"] == "body-too-large"
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
def test_a_body_over_the_limit_is_refused_without_an_announced_length(opened, kind):
    async def chunks():
        for _ in range(100):
            yield b" " * 100

    with opened(body_limit_bytes=1000) as client:
        path = "/v1/runs" if kind.endswith("json") else "/v1/workflows"
        answer = client.post(path, content=chunks(), headers={"Content-Type": kind})

    assert answer.status_code == 413
    assert "1000 bytes" in answer.json()["detail"]


def test_a_body_at_the_limit_is_read(opened):
    with opened(body_limit_bytes=1000) as client:
        body = b'{"workflow": "quote", "input": {"sku": "a"}}'.ljust(1000)
        answer = client.post("/v1/runs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/v1/runs", "/nowhere", "/healthz", "/v1/runs/nowhere"])
def test_every_answer_bears_the_security_headers(client, path):
    headers = client.get(path).headers

    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "access-control-allow-origin" not in headers
