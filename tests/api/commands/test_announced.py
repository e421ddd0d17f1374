"""Tests of `planner catalog events`."""

DOCUMENT = """
asyncapi: 3.0.0
info: {title: Doors, version: 1.0.0}
channels:
  doors:
    address: house/doors
    messages:
      opened:
        name: house.door.opened
        summary: A door was opened.
        payload:
          type: object
          properties: {door: {type: string}, by: {type: string}}
          additionalProperties: false
      closed: {}
operations:
  close: {action: receive, channel: {$ref: '#/channels/doors'}}
"""
WAITS = """
workflow: wait-for-door
budget: {duration: P9D}
steps:
  opened: {receive: house.door.opened, when: "event.data.FIELD == 'front'", within: P1D}
output: {by: "${opened.data.by}"}
"""


def with_events(desk):
    desk.write("doors.yaml", DOCUMENT)
    text = (desk.folder / "catalog.yaml").read_text()
    desk.write("catalog.yaml", f"{text}\nevents: [{{asyncapi: doors.yaml}}]\n")


def test_events_that_documents_announce_are_listed_with_what_was_left_out(desk):
    with_events(desk)

    said = desk("catalog", "events")

    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()[1:3]] == [
        ["closed", "house/doors", "not", "told"],
        ["house.door.opened", "house/doors", "door,", "by", "A", "door", "was", "opened."],
    ]
    assert "left out: operation close (receive): no step sends to a channel" in said.out
    assert said.out.splitlines()[-1] == "2 types of event taken, 1 things left out."
    assert desk("catalog", "events", "--json").data["items"][1]["type"] == "house.door.opened"
    assert "Left out (1):" in desk("catalog").out


def test_a_catalogue_without_events_says_how_to_name_some(desk):
    assert "name an AsyncAPI document under `events`" in desk("catalog", "events").out


def test_a_step_that_reads_what_an_event_does_not_tell_is_found(desk):
    with_events(desk)

    right = desk("validate", str(desk.write("right.yaml", WAITS.replace("FIELD", "door"))))
    wrong = desk("validate", str(desk.write("wrong.yaml", WAITS.replace("FIELD", "dor"))))

    assert right.code == 0, right.err
    assert wrong.code == 1
    assert "'event.data' has no field 'dor'" in wrong.out + wrong.err
