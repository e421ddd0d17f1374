"""Tests of `planner webhooks`."""

import re


def add(desk, *more):
    return desk("webhooks", "add", "http://127.0.0.1:9/hook", "--kind", "run.succeeded", *more)


def test_a_webhook_is_added_listed_and_removed(desk, monkeypatch):
    desk("run", "greet", "--input", "{}")
    monkeypatch.setenv("PLANNER_WEBHOOKS__PRIVATE", "true")

    added = add(desk, "--kind", "run.failed")
    hook = re.search(r"Webhook (\S+) posts", added.out)[1]
    assert (added.code, "whsec_" in added.out) == (0, True)

    assert hook in desk("webhooks").out
    assert "run.succeeded, run.failed" in desk("webhooks").out
    assert desk("webhooks", "deliveries", hook).out == "No messages.\n"
    assert desk("webhooks", "ping", hook).code == 0
    (message,) = desk("webhooks", "deliveries", hook, "--state", "waiting", "--json").data["items"]
    assert desk("webhooks", "redeliver", hook, message["id"]).code == 0
    assert "webhook.ping" in desk("webhooks", "deliveries", hook).out
    assert desk("webhooks", "enable", hook).code == 0
    assert desk("webhooks", "remove", hook).code == 0
    assert desk("webhooks").out == "No webhooks.\n"


def test_a_secret_is_sealed_even_before_a_server_has_started(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_WEBHOOKS__PRIVATE", "true")
    desk("migrate")

    secret = add(desk, "--json").data["secret"]

    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*"))
    assert kept
    assert secret.encode() not in kept


def test_what_is_wrong_is_told(desk):
    desk("run", "greet", "--input", "{}")

    assert add(desk).code == 1
    assert desk("webhooks", "add", "nowhere", "--kind", "run.failed").code == 2
    assert desk("webhooks", "add", "https://example.com", "--kind", "odd").code == 2
    assert desk("webhooks", "remove", "nix").code == 5
    assert desk("webhooks", "deliveries", "nix", "--state", "odd").code == 2
