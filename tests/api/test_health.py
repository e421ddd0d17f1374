"""Health: alive is not ready."""

import sqlite3

import httpx

from api.app import create_app


def test_a_process_that_serves_is_alive_and_ready(client):
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_process_that_has_not_opened_its_parts_is_alive_and_not_ready(client, configured):
    app = create_app(configured())
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")

    alive, ready = client.do(http.get("/healthz")), client.do(http.get("/readyz"))

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()["code"]) == (503, "not-ready")


def test_a_database_with_another_schema_is_not_ready(client, project):
    with sqlite3.connect(project / "planner.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    connection.close()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["code"] == "store-unavailable"
    assert "newer than this program" in answer.json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_a_database_that_is_closed_is_not_ready(client):
    client.app.state.opened.parts.database.close()

    assert client.get("/readyz").status_code == 503
    assert client.get("/v1/runs").json()["code"] == "store-unavailable"
