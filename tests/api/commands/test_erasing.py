"""Tests of `planner decisions erase`, `hold` and `purge`."""

import pytest


@pytest.fixture
def decided(desk):
    """Return the only decision of a run."""
    desk("run", "greet", "--input", '{"name": "Ann"}')
    return desk("decisions", "--json").data["items"][0]


@pytest.mark.parametrize("scope", ["decision_id", "run_id"])
def test_what_is_erased_is_gone_and_the_log_still_verifies(desk, decided, scope):
    said = desk("decisions", "erase", decided[scope], "--reason", "asked for", "--json")

    assert said.data["decisions"] == [decided["decision_id"]]
    left = desk("decisions", "--json").data["items"][0]
    assert (decided["given"], left["given"]) == ({"name": "Ann"}, None)
    assert "/given" in left["erased"]
    assert desk("decisions", "verify").code == 0
    assert "Ann" not in desk("decisions", "export").out


def test_what_is_held_is_not_erased(desk, decided):
    assert "Nothing is held." in desk("decisions", "hold").out
    said = desk("decisions", "hold", decided["run_id"], "--reason", "a dispute", "--actor", "u-1")
    assert "a dispute" in said.out

    refused = desk("decisions", "erase", decided["decision_id"])
    assert refused.code == 1
    assert "a legal hold is on" in refused.err
    assert desk("decisions", "--json").data["items"][0]["given"] == {"name": "Ann"}

    assert desk("decisions", "hold", decided["run_id"], "--release", "--json").data["items"] == []
    assert desk("decisions", "hold", decided["run_id"], "--release").code == 5
    assert desk("decisions", "erase", decided["decision_id"]).code == 0


def test_what_is_not_there_can_be_neither_held_nor_erased(desk, decided):
    assert desk("decisions", "erase", "nothing").code == 5
    assert desk("decisions", "hold", "nothing").code == 5


def test_a_purge_deletes_what_the_settings_no_longer_keep(desk, decided, monkeypatch):
    assert desk("decisions", "purge", "--json").data == {"contents": 0, "records": 0, "anchors": []}

    monkeypatch.setenv("PLANNER_RETENTION__CONTENT_DAYS", "0")
    desk("run", "greet", "--input", '{"name": "Bob"}')
    assert desk("decisions", "purge", "--json").data["contents"] == 1
    given = [item["given"] for item in desk("decisions", "--json").data["items"]]
    assert given == [None, {"name": "Ann"}]
    assert desk("decisions", "verify").code == 0
