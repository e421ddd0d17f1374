"""Tests of `planner events`."""

import json

WORKFLOW = """
workflow: paying
version: 1.0.0
on: [{event: placed, input: {order: "${event.data.order}"}}]
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  pay: {receive: paid, when: "${event.data.order == input.order}", within: P9D}
output: {amount: "${pay.data.amount}"}
"""


def event(kind="paid", name="e-1", **data):
    return json.dumps({"specversion": "1.0", "id": name, "source": "/bank", "type": kind, "data": data})


def test_a_run_that_waits_for_an_event_goes_on_with_it(desk):
    desk.write("workflows/paying.yaml", WORKFLOW)

    waits = desk("run", "paying", "--input", '{"order": "o-1"}')
    assert waits.code == 4
    assert "Waits for an event at pay: paid" in waits.out
    run_id = desk("runs", "--json").data["items"][0]["id"]

    sent = desk("events", "send", event(order="o-1", amount=7))
    assert (sent.code, f"planner resume {run_id}" in sent.out) == (0, True)

    resumed = desk("resume", run_id)
    assert resumed.code == 0
    assert 'Output: {"amount":7}' in resumed.out.replace(": 7", ":7")
    assert "taken by 1 run" in " ".join(desk("events").out.split())


def test_an_event_that_begins_a_run_names_it(desk):
    desk.write("workflows/paying.yaml", WORKFLOW)

    sent = desk("events", "send", event("placed", order="o-1"), "--json").data

    assert [run["id"] for run in desk("runs", "--json").data["items"]] == sent["began"]


def test_events_are_listed_and_shown_with_what_they_led_to(desk):
    assert desk("run", "greet", "--input", "{}").code in {0, 1, 5}
    kept = desk("events", "send", event(order="o-1"), "--json").data

    listed = desk("events", "--type", "paid")
    shown = desk("events", "show", kept["id"])

    assert kept["id"] in listed.out
    assert "/bank, id e-1" in shown.out
    assert desk("events", "show", "nix").code == 5


def test_a_duplicate_and_what_is_no_event_are_told(desk):
    desk("events", "send", event())

    assert "told of e-1 before" in desk("events", "send", event()).out
    wrong = desk("events", "send", '{"specversion": "1.0", "id": "e-2"}')
    assert (wrong.code, "/source" in wrong.err) == (2, True)


def test_no_event_is_no_error(desk):
    desk("events", "send", event())

    said = desk("events", "--type", "other")

    assert (said.code, said.out.strip()) == (0, "No events.")


def test_a_name_that_no_tenant_can_have_is_told(desk):
    said = desk("events", "send", event(), "--tenant", "Bad Name")

    assert (said.code, "is no name of a tenant" in said.err) == (2, True)
