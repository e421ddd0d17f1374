"""Every name in a case must exist, and what is wrong is told with line, column and what would be right."""

import pytest


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (
            "workflow: pai",
            "/cases/0/workflow: [unknown-workflow] There is no workflow 'pai'. Did you mean 'pay'?",
        ),
        ("cancel: {entry: asked, step: clark}", "/cases/0/cancel/step: [unknown-step]"),
        ("model: {hwo: card}", "[unknown-step] The workflow has no step 'hwo'. Did you mean 'how'?"),
        ("model: {how: cart}", "[unknown-option] 'how' has no option 'cart'. Did you mean 'card'?"),
        ("model: {how: [card, {choose: cart}]}", "7:24: /cases/0/model/how/1/choose: [unknown-option]"),
        ("model: {how: {attempts: [{choose: cart}]}}", "[unknown-option]"),
        ("model: {clerk: card}", "[no-decision] The step 'clerk' never asks a model."),
        ("model: {seen: retry}", "[no-decision] The step 'seen' never asks a model."),
        ("model: {charge: repeat}", "[unknown-option] 'charge' has no option 'repeat'."),
        (
            "services: {bank.loock: {return: 1}}",
            "[unknown-operation] The catalogue holds no operation 'bank.loock'.",
        ),
        ("services: {bank.look: {return: {id: 5, amount: 1}}}", "/cases/0/services/bank.look/return/id:"),
        ("services: {bank.charge: {fault: timeout}}", "[applied-unsaid]"),
        ("services: {bank.charge: {fault: 'status:502'}}", "Add `applied: true` or `applied: false`."),
        ("services: {bank.charge: {status: 500}}", "[applied-unsaid]"),
        ("services: {bank.hold: {outcome: {kind: unknown}}}", "[applied-unsaid]"),
        ("person: {clark: card}", "[unknown-step] The workflow has no step 'clark'. Did you mean 'clerk'?"),
        ("person: {clerk: cash}", "[unknown-option] 'clerk' has no option 'cash'."),
        ("person: {after: card}", "[no-decision] The step 'after' never asks a person."),
        ("person: {'undo:charge': give_up}", "[unknown-option]"),
        ("input: {order: 5}", "/cases/0/input"),
    ],
)
def test_a_wrong_name_is_told_with_its_place(desk, rest, told):
    given = "" if "input" in rest else "  input: {order: o-1, amount: 5.0}\n"
    problems = desk.problems(f"- id: x1\n{given}  {rest}\n  expect: {{status: failed}}\n")
    assert any(told in each for each in problems), problems


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("status: suceeded", "/cases/0/expect/status: [unknown-status]"),
        ("decisions: {hwo: card}", "/cases/0/expect/decisions/hwo: [unknown-step]"),
        ("decisions: {how: cart}", "[unknown-option] 'how' has no option 'cart'."),
        ("decisions: {how: [card, cart]}", "/cases/0/expect/decisions/how/1: [unknown-option]"),
        ("path: [seen, hwo]", "/cases/0/expect/path/1: [unknown-step]"),
        ("path: {steps: [chargee]}", "Did you mean 'charge'?"),
        ("calls: {bank.charg: 1}", "/cases/0/expect/calls/bank.charg: [unknown-operation]"),
        ("order: [bank.chargee]", "[unknown-operation]"),
        ("undone: [bank.chargee]", "[unknown-operation]"),
        ("never: [{call: bank.chargee}]", "/cases/0/expect/never/0/call: [unknown-operation]"),
        ("never: [{step: chargee}]", "/cases/0/expect/never/0/step: [unknown-step]"),
        ("never: [{decision: how, choose: cart}]", "/cases/0/expect/never/0/choose: [unknown-option]"),
        ("never: [{decision: how}]", "`decision` and `choose` are told together"),
    ],
)
def test_a_wrong_name_in_an_expectation_is_told(desk, expect, told):
    problems = desk.problems(desk.case(f"expect: {{{expect}}}"))
    assert any(told in each for each in problems), problems


def test_everything_is_told_at_once(desk):
    problems = desk.problems(
        desk.case("model: {hwo: card}\nservices: {bank.x: {return: 1}}\nexpect: {path: [nowhere]}")
    )
    assert len(problems) == 3


def test_an_option_that_is_undeclared_on_purpose_is_allowed(desk):
    rest = "model: {how: {choose: cart, undeclared: true}}\nexpect: {status: succeeded}"
    assert desk.problems(desk.case(rest)) == []


def test_a_suite_without_a_workflow_is_told(desk):
    head = "schema: evals/1\nsuite: small\ncases:\n"
    assert "[no-workflow]" in desk.problems("- id: x1\n  expect: {status: a}\n", head=head)[0]


def test_defaults_are_checked_too(desk):
    head = (
        "schema: evals/1\nsuite: small\nworkflow: pay\n"
        "defaults: {services: {bank.x: {return: 1}}, model: {hwo: card}, person: {clerk: cash}}\ncases:\n"
    )
    problems = desk.problems(
        "- id: x1\n  input: {order: o, amount: 1.0}\n  expect: {status: failed}\n", head=head
    )
    assert [each.split("[")[1].split("]")[0] for each in problems] == [
        "unknown-operation",
        "unknown-step",
        "unknown-option",
    ]


def test_steps_of_nested_workflows_and_items_can_be_named(desk):
    cases = """
    - id: nested
      workflow: each
      input: {orders: [a]}
      model: {"all[0].nod": go}
      expect: {decisions: {all.nod: go}, path: {steps: [all.held, inner.stamp], nested: true}}
    """
    assert desk.problems(cases) == []
