"""Tests of the whole report: one cause, one problem, in the order of the file."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import documents
from planner.validation import validate

LATE_ORDER = """\
workflow: late-order
version: 1.2.0
goal: Settle a late-order complaint so that the customer is made whole and no money leaves twice.
input:
  type: object
  required: [order_id, message]
  properties: {order_id: {type: string}, message: {type: string}}
budget: {model_calls: 6, tokens: 20000, cost_usd: 0.05, duration: PT24H}
on_failure: undo
steps:
  order:
    call: orders.getOrder
    with: {order_id: "${input.order_id}"}
  facts:
    parallel:
      stock: {level: {call: inventory.getStock, with: {sku: "${order.sku}"}}}
      parcel: {track: {call: shipping.track, with: {id: "${order.shipment_id}"}}}
  resolve:
    decide: How should this customer be made whole?
    given: {message: "${input.message}", total: "${order.total}", eta_days: "${facts.parcel.track.eta_days}"}
    options:
      refund: {means: Pay it all back., when: "${order.total <= 200.0}", then: refund}
      reship: {means: Send it again., when: "${facts.stock.level.available >= order.quantity}", then: reship}
      wait:   {means: It arrives in two days., when: "${facts.parcel.track.eta_days <= 2}", then: notify}
      person: {means: None of these fits., then: ask}
    otherwise: person
    min_confidence: 0.7
  ask:
    decide: What should we do for this customer?
    by: person
    within: P2D
    options: {refund: {then: refund}, reship: {then: reship}}
    otherwise: refund
  refund:
    call: payments.refund
    with: {payment_id: "${order.payment_id}", amount: "${order.total}"}
    retry: {attempts: 4, initial: PT0.2S, max: PT5S}
    recover: {decide: What now?, allow: [retry, reconcile, undo, person, fail], otherwise: person}
    then: notify
  reship: {call: shipping.express, with: {order_id: "${order.id}"}, then: notify}
  notify: {call: notifications.send, with: {to: "${order.customer}", template: "${resolve.choice}"}}
output: {resolution: "${resolve.choice}"}
"""

EDITS = [
    ("type: object\n", "type: objec\n", {"bad-schema"}),
    ("required:", "requird:", {"unknown-keyword"}),
    ("properties:", "propertes:", {"unknown-keyword"}),
    ("[order_id, message]", "[ordr_id, message]", {"undeclared-field"}),
    ("{order_id: {type: string}, m", "{ordr_id: {type: string}, m", {"undeclared-field"}),
    ("{type: string}, m", "{type: strng}, m", {"bad-schema"}),
    ("version: 1.2.0", "version: 1.2", {"wrong-type"}),
    ("version: 1.2.0", "version: 1,2,0", {"bad-version"}),
    ("workflow: late-order", "workflow: late order", {"bad-name"}),
    ("goal:", "gaol:", {"unknown-key"}),
    ("model_calls", "modelcalls", {"unknown-key"}),
    ("PT24H", "PT24", {"bad-duration"}),
    ("on_failure: undo", "on_failure: undoo", {"bad-value"}),
    ("steps:\n", "step:\n", {"unknown-key"}),
    ("  order:\n", "  ordr:\n", {"unknown-name"}),
    ("  order:\n", "  Order:\n", {"bad-name", "unknown-name"}),
    ("call: orders.getOrder", "cal: orders.getOrder", {"step-kind"}),
    ("call: orders.getOrder", "call: orders.getOrdr", {"unknown-operation"}),
    ("call: orders.getOrder", "call: order.getOrder", {"unknown-operation"}),
    ('with: {order_id: "${input', 'wit: {order_id: "${input', {"unknown-key"}),
    ('with: {order_id: "${input', 'with: {orderid: "${input', {"unknown-argument"}),
    ("${input.order_id}", "${input.order_ud}", {"unknown-input"}),
    ("${input.order_id}", "${inpt.order_id}", {"unknown-name"}),
    ("${input.order_id}", "{input.order_id}", {"bad-expression"}),
    ("${input.order_id}", "${input.order_id", {"bad-expression"}),
    ("${input.order_id}", "${input.order_id +}", {"bad-expression"}),
    ("${input.order_id}", "${input}", {"ill-typed-argument"}),
    ("${input.order_id}", "${order.id}", {"may-not-have-run"}),
    ("parallel:", "paralel:", {"step-kind"}),
    ("  facts:", "  fact:", {"unknown-name"}),
    ("      stock:", "      stok:", {"unknown-field"}),
    ("{level:", "{levl:", {"unknown-field"}),
    ("{track: {call", "{trak: {call", {"unknown-field"}),
    ("{sku: ", "{sk: ", {"unknown-argument"}),
    ("${order.sku}", "${order.skuu}", {"unknown-field"}),
    ("${order.sku}", "${order.quantity}", {"ill-typed-argument"}),
    ("${order.sku}", "${level.sku}", {"may-not-have-run"}),
    ("  resolve:", "  resolv:", {"unknown-name"}),
    ("decide: How", "decid: How", {"step-kind"}),
    ("${input.message}", "${input.mesage}", {"unknown-input"}),
    ("options:\n", "option:\n", {"unknown-key"}),
    ("order.total <= 200.0", "order.totl <= 200.0", {"unknown-field"}),
    ("order.total <= 200.0", "order.total <= ", {"bad-expression"}),
    ("order.total <= 200.0", "order.total", {"not-boolean"}),
    ("order.total <= 200.0", "siz(order.sku) <= 2", {"unknown-function"}),
    ("then: refund}\n      reship", "then: refnd}\n      reship", {"unknown-step"}),
    ("then: refund}\n      reship", "then: level}\n      reship", {"unknown-step"}),
    ("then: ask}", "then: asc}", {"unknown-step"}),
    ("then: ask}", "then: refund}", {"unreachable-step"}),
    ("then: ask}", "when: 'true', then: ask}", {"otherwise-guarded"}),
    ("otherwise: person\n    min", "otherwise: persn\n    min", {"unknown-option"}),
    ("    otherwise: person\n    min", "    min", {"missing-otherwise"}),
    ("min_confidence: 0.7", "min_confidence: 7", {"bad-value"}),
    ("by: person", "by: persn", {"bad-value"}),
    ("within: P2D", "within: P2", {"bad-duration"}),
    ("otherwise: refund", "otherwise: refnd", {"unknown-option"}),
    ("  refund:\n", "  refnd:\n", {"unknown-step"}),
    ("amount: ", "amout: ", {"unknown-argument"}),
    ('"${order.payment_id}"', "7", {"ill-typed-argument"}),
    ('amount: "${order.total}"', 'amount: "${order.total} EUR"', {"ill-typed-argument"}),
    ('amount: "${order.total}"', 'amount: "much"', {"ill-typed-argument"}),
    (', amount: "${order.total}"', "", {"missing-argument"}),
    ("attempts: 4", "attempts: 0", {"bad-value"}),
    ("allow: [retry,", "allow: [rety,", {"bad-value"}),
    ("fail], otherwise: person", "fail], otherwise: skip", {"otherwise-not-allowed", "skip-not-optional"}),
    ("    then: notify\n", "    then: notfy\n", {"unknown-step"}),
    ("    then: notify\n", "    then: order\n", {"unbounded-cycle"}),
    ('"${order.id}"}, then: notify', '"${order.id}"}, then: reship', {"no-way-to-end"}),
    ("template: ", "templat: ", {"unknown-argument"}),
    ('template: "${resolve.choice}"', 'template: "${ask.choice}"', {"may-not-have-run"}),
    ('template: "${resolve.choice}"', 'template: "${resolve.choise}"', {"unknown-field"}),
    ('resolution: "${resolve.choice}"', 'resolution: "${reship.shipment_id}"', {"may-not-have-run"}),
    ("  notify:", "  notfy:", {"unknown-step"}),
    ("  notify:", "  end:", {"reserved-name", "unknown-step"}),
]


def test_the_late_order_is_right(catalog):
    parsed = documents.check(LATE_ORDER, catalog=catalog)

    assert parsed.problems == ()
    assert parsed.workflow is not None
    assert "error" not in {p.severity for p in validate(parsed.workflow, catalog=catalog)}


@pytest.mark.parametrize(("before", "after", "codes"), EDITS)
def test_one_wrong_edit_gives_one_clear_problem(catalog, before, after, codes):
    assert before in LATE_ORDER
    parsed = documents.check(LATE_ORDER.replace(before, after, 1), file="late.yaml", catalog=catalog)

    assert {problem.code for problem in parsed.problems} == codes
    assert len(parsed.problems) <= 2
    assert all(problem.line and problem.column and problem.remedy for problem in parsed.problems)


def test_no_single_character_gives_more_than_two_problems(catalog):
    changed = [place for place, sign in enumerate(LATE_ORDER) if sign.isalnum()][::7]
    for place in changed:
        text = f"{LATE_ORDER[:place]}q{LATE_ORDER[place + 1 :]}"
        found = documents.check(text, catalog=catalog).problems
        assert len(found) <= 2, (LATE_ORDER[max(0, place - 20) : place + 10], found)


def test_independent_problems_are_all_told_in_the_order_of_the_file(catalog):
    text = LATE_ORDER.replace("orders.getOrder", "orders.getOrdr").replace(
        "otherwise: refund", "otherwise: x"
    )
    text = text.replace('output: {resolution: "${resolve', 'output: {resolution: "${resolv')
    found = documents.check(text, catalog=catalog).problems

    assert [problem.code for problem in found] == ["unknown-operation", "unknown-option", "unknown-name"]


def test_problems_never_change_the_workflow(catalog):
    workflow = documents.read(LATE_ORDER).workflow
    before = workflow.sha256
    validate(workflow, catalog=catalog)

    assert workflow.model_copy().sha256 == before


def test_a_thousand_broken_steps_are_told_in_good_time(catalog):
    steps = "".join(f"  s{count}: {{cal: x, then: t}}\n" for count in range(1000))

    assert len(documents.check(f"workflow: big\nsteps:\n{steps}", catalog=catalog).problems) == 1000


ODD = [
    None,
    3,
    True,
    "x",
    "${",
    "${order}",
    [],
    {},
    [1],
    {"a/b": {"set": {}}},
    {"parallel": {"b": 3}},
    -1,
    "PT5S",
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(ODD)), min_size=1, max_size=3))
def test_no_document_whatever_its_form_breaks_the_validator(changes):
    data = documents.read(LATE_ORDER).document.data
    for share, odd in changes:
        places = list(spots(data))
        holder, key = places[int(share * len(places))]
        holder[key] = copy.deepcopy(odd)
    parsed = documents.check(json.dumps(data))

    assert parsed.workflow is not None or parsed.problems


def spots(value):
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from spots(value[key])
