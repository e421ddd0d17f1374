from planner.definition import Workflow
from planner.validation import validate
from tools.announcements import Announcement
from tools.catalog import Catalog

STEPS = {"pay": {"receive": "paid"}, "end_it": {"set": {"n": 1}}}
INPUT = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def found(**fields):
    workflow = Workflow.model_validate({"workflow": "w", "steps": STEPS} | fields)
    told = validate(workflow, catalog=None)
    return [(problem.path, problem.code) for problem in told if problem.severity == "error"]


def test_a_step_that_receives_an_event_and_a_start_by_one_are_right():
    on = [{"event": "placed", "when": "${event.data.n > 0}", "input": {"id": "${event.data.id}"}}]
    steps = {
        "pay": {"receive": "paid", "when": "event.subject == input.id", "within": "P1D", "otherwise": "late"},
        "note": {"set": {"n": "${pay.data.amount}"}, "then": "end"},
        "late": {"fail": "not paid"},
    }

    assert found(on=on, input=INPUT, steps=steps) == []


def test_an_otherwise_that_is_never_come_to_is_told():
    assert found(steps={"pay": {"receive": "paid", "otherwise": "end"}}) == [
        ("/steps/pay/otherwise", "never-late")
    ]


def test_an_otherwise_that_names_no_step_is_told():
    steps = {"pay": {"receive": "paid", "within": "PT1H", "otherwise": "nowhere"}}

    assert found(steps=steps) == [("/steps/pay/otherwise", "unknown-step")]


def test_the_event_is_not_there_outside_the_condition():
    assert found(steps={"a": {"set": {"n": "${event.data.n}"}}}) == [("/steps/a/set/n", "unknown-name")]


def test_the_event_is_not_there_where_it_came_too_late():
    steps = {
        "pay": {"receive": "paid", "within": "PT1H", "otherwise": "late"},
        "good": {"set": {"n": 1}},
        "late": {"set": {"n": "${pay.data.amount}"}},
    }

    assert ("/steps/late/set/n", "may-not-have-run") in found(steps=steps)


def test_an_input_that_the_event_does_not_give_is_told():
    on = [{"event": "placed", "input": {"idd": "${event.data.id}"}}]

    assert found(on=on, input=INPUT) == [
        ("/on/0/input", "missing-argument"),
        ("/on/0/input/idd", "unknown-argument"),
    ]


def test_before_a_run_begins_only_the_event_is_there():
    on = [{"event": "placed", "when": "${run.id == 'x'}", "input": {"id": ["${input.id}"]}}]

    assert found(on=on, input=INPUT) == [("/on/0/input/id/0", "unknown-name"), ("/on/0/when", "unknown-name")]


def test_an_expression_that_cannot_be_read_is_told():
    on = [{"event": "placed", "when": "${event.}", "input": {"id": "${"}}]

    assert {code for _, code in found(on=on, input=INPUT)} == {"bad-expression"}


def test_durations_that_go_back_in_time_are_told():
    steps = {"pay": {"receive": "paid", "within": "-PT1H", "early": "-P1D"}}

    assert found(steps=steps) == [("/steps/pay/early", "bad-duration"), ("/steps/pay/within", "bad-duration")]


PLACED = {
    "type": "object",
    "properties": {"id": {"$ref": "#/$defs/Id"}, "total": {"type": "number"}},
    "required": ["id", "total"],
    "additionalProperties": False,
    "$defs": {"Id": {"type": "string"}},
}
BUDGET = {"duration": "P9D"}
ANNOUNCED = Catalog({}, {}, announcements={"shop.placed": Announcement(type="shop.placed", data=PLACED)})


def announced(**fields):
    workflow = Workflow.model_validate({"workflow": "w", "steps": STEPS, "budget": BUDGET} | fields)
    return [(each.path, each.code, each.severity) for each in validate(workflow, catalog=ANNOUNCED)]


def test_what_a_workflow_reads_of_an_announced_event_is_right():
    steps = {
        "placed": {"receive": "shop.placed", "when": "event.data.id == input.id && event.data.total > 3.0"},
        "note": {"set": {"id": "${placed.data.id}", "from": "${placed.source}"}},
    }
    on = [{"event": "shop.placed", "input": {"id": "${event.data.id}"}}]

    assert announced(on=on, input=INPUT, steps=steps) == []


def test_a_field_that_an_announced_event_does_not_have_is_told_wherever_it_is_read():
    steps = {
        "placed": {"receive": "shop.placed", "when": "event.data.number == input.id"},
        "note": {"set": {"id": "${placed.data.sum}"}},
    }
    on = [{"event": "shop.placed", "when": "event.data.count > 1", "input": {"id": "${event.data.key}"}}]

    assert announced(on=on, input=INPUT, steps=steps) == [
        ("/on/0/input/id", "unknown-field", "error"),
        ("/on/0/when", "unknown-field", "error"),
        ("/steps/placed/when", "unknown-field", "error"),
        ("/steps/note/set/id", "unknown-field", "error"),
    ]


def test_a_type_that_is_nearly_an_announced_one_is_a_warning():
    on = [{"event": "shop.placd"}]
    steps = {"a": {"receive": "shop.plased"}, "b": {"receive": "bank.settled"}}

    assert announced(on=on, steps=steps) == [
        ("/on/0/event", "unknown-event", "warning"),
        ("/steps/a/receive", "unknown-event", "warning"),
    ]


def test_an_event_whose_data_no_document_tells_may_hold_anything():
    known = Catalog({}, {}, announcements={"shop.placed": Announcement(type="shop.placed")})
    steps = {"a": {"receive": "shop.placed"}, "b": {"set": {"x": "${a.data.anything}"}}}

    assert (
        validate(Workflow.model_validate({"workflow": "w", "steps": steps, "budget": BUDGET}), catalog=known)
        == []
    )
