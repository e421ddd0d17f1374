"""Tests of `planner decisions label`."""

import json


def test_what_came_of_a_decision_is_kept_beside_it(desk):
    desk("run", "greet", "--input", '{"name": "Ann"}')
    decision = desk("decisions", "--json").data["items"][0]["decision_id"]

    said = desk(
        "decisions", "label", decision, "wrong", "--score", "0.5", "--source", "eval", "--reverted", "--json"
    )

    assert said.data["outcome"] | {"at": ""} == {
        "label": "wrong",
        "score": 0.5,
        "source": "eval",
        "reverted": True,
        "actor": "person",
        "at": "",
    }
    events = map(json.loads, desk("decisions", "export").out.splitlines())
    last = next(event for event in events if event["kind"] == "outcome")
    assert (last["kind"], last["decision_id"], last["record"]["label"]) == ("outcome", decision, "wrong")
    assert desk("decisions", "verify").code == 0


def test_a_decision_that_is_not_there_cannot_be_labelled(desk):
    desk("migrate")

    assert desk("decisions", "label", "nothing", "right").code == 5
    assert desk("decisions", "label", "nothing", "").code == 2
